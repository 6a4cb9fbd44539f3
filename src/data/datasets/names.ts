/** The names of classes. */

export const DIGITS: readonly string[] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export const FASHION: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

export const CIFAR10: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** The papers' subjects, in the order of Planetoid's labels. */
export const CORA: readonly string[] = [
  "Theory",
  "Reinforcement_Learning",
  "Genetic_Algorithms",
  "Neural_Networks",
  "Probabilistic_Methods",
  "Case_Based",
  "Rule_Learning",
];
