/** What is usually tried, and in which order: the checklists behind `diagnose`. */

/** What can be wrong with training. */
export type Problem =
  | "not decreasing"
  | "not finite"
  | "overfitting"
  | "underfitting"
  | "vanishing gradients"
  | "exploding gradients"
  | "dead units";

/** What to try for each problem, the first thing first. */
export const hints: Readonly<Record<Problem, readonly string[]>> = {
  "not decreasing": [
    "Try other learning rates: 1e-3, 1e-4, 1e-5; optim.rateFinder tells where the loss falls fastest",
    "Look at the preprocessing: inputs of mean 0 and deviation 1 are what layers are made for",
    "Check that the loss fits the task: cross-entropy for classes, squared error for numbers",
    "Check the labels: whole numbers from 0 for crossEntropy, one-hot rows for softCrossEntropy, in the order of the inputs",
    "Try a simpler model first: doctor.overfitOneBatch tells whether it can learn at all",
  ],
  "not finite": [
    "Lower the learning rate",
    "Clip gradients: fit(…, { clip: 1 })",
    "Look for divisions by zero, logarithms and roots of zero; callbacks.nanWatch() names the layer",
    "With half precision scale the loss, or compute in f32",
    "Look for NaN and infinities in the data: doctor.locateNaN",
  ],
  overfitting: [
    "Add dropout: new nn.Dropout(0.3)",
    "Add weight decay: weightDecay: 0.01",
    "Make the model smaller",
    "Get more training data",
    "Augment the data",
    "Stop early: callbacks.earlyStopping({ patience: 3 })",
  ],
  underfitting: [
    "Give the model more layers or units",
    "Train longer",
    "Regularise less: dropout, weight decay",
    "Look at the quality of the data: labels, features, scales",
    "Try another architecture",
  ],
  "vanishing gradients": ["Use ReLU and its kin, normalisation, residual connections, He's initialisation"],
  "exploding gradients": ["Clip gradients: fit(…, { clip: 1 }); lower the learning rate; look at the initialisation"],
  "dead units": ["Use leakyRelu or gelu, a lower learning rate, He's initialisation"],
};

/** Problems, where they come from, and what helps, in the words of the table. */
export const commonIssues: readonly { readonly problem: string; readonly cause: string; readonly solution: string }[] =
  [
    { problem: "Underfitting", cause: "Model too simple", solution: "Increase hidden units, epochs" },
    { problem: "Overfitting", cause: "Model too complex", solution: "Add dropout, L2 regularization" },
    { problem: "Vanishing Gradients", cause: "Gradients → 0", solution: "Use ReLU, batch norm" },
    { problem: "Exploding Gradients", cause: "Gradients → ∞", solution: "Gradient clipping" },
  ];

/** What makes training faster, the most rewarding first; and what stands for it here. */
export const performanceAdvice: readonly { readonly step: string; readonly here: string }[] = [
  {
    step: "Mixed precision training",
    here: "on devices whose processors compute with half precision; on CPUs it saves memory, not time",
  },
  { step: "Increase batch size", here: "dataset.batch(128): more work for each kernel" },
  { step: "Load data in parallel", here: "dataset.map with parallel, prefetch; or workers of a DataLoader" },
  { step: "Pin memory", here: "nothing to do: batches lie in memory that the device reads" },
  { step: "Compile the model", here: "fit does; a step of one's own goes through jit" },
  { step: "Profile code", here: "profile(step, …inputs) says which kernels take the time, explain what was fused" },
];

/** How a network learns, for somebody who is ten. */
export const simply: readonly string[] = [
  "Input layer: you see a cat.",
  "Hidden layers: first you notice ears, then whiskers, then a tail. You learn which patterns make a cat.",
  'Output layer: you say "this is a cat!"',
  "Forward pass: you make a guess.",
  "Loss: somebody tells you how wrong it was.",
  "Backward pass: you find out which of your ideas about cats were to blame, and change them a little.",
  "Again: you look at the next picture, until you are right nearly every time.",
];
