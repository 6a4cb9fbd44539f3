/** What bench/images.ts does to each photo, as a module for threads. */
import { transforms, type HostArray, type Place } from "myelin";

const images = transforms.pipeline(
  [
    transforms.randomResizedCrop(128),
    transforms.randomHorizontalFlip(),
    transforms.normalize({ ...transforms.IMAGENET, channelsFirst: true }),
  ],
  { seed: 1 },
);

export default ([photo, label]: readonly [HostArray, HostArray], place: Place): readonly [HostArray, HostArray] => [
  images.train(photo, place),
  label,
];
