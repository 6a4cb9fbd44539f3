import { nn, type Tensor } from "myelin";

/** Two convolutions and two dense layers. */
export class DigitNet extends nn.Module {
  conv1: nn.Conv2d;
  conv2: nn.Conv2d;
  fc1: nn.Linear;
  fc2: nn.Linear = new nn.Linear(64, 10);

  constructor(channels: number) {
    super();
    this.conv1 = new nn.Conv2d(1, channels, 3);
    this.conv2 = new nn.Conv2d(channels, 2 * channels, 3);
    this.fc1 = new nn.Linear(50 * channels, 64);
  }

  /** Scores of the ten digits, [n, 10], for images of bytes, u8 [n, 28, 28]. */
  forward(images: Tensor): Tensor {
    // Mean and deviation of MNIST's pixels.
    const pixels: Tensor = images.float().div(255).sub(0.1307).div(0.3081).unsqueeze(1);
    const edges: Tensor = this.conv1.forward(pixels).relu().maxPool2d(2);
    const shapes: Tensor = this.conv2.forward(edges).relu().maxPool2d(2);
    return this.fc2.forward(this.fc1.forward(shapes.flatten(1)).relu());
  }
}
