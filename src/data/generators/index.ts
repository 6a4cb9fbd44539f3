/** Made-up data, the same for the same seed on every machine. */
export { cars, faces, heartbeats, smallDigits, type HeartbeatOptions, type PictureOptions } from "./pictures.ts";
export {
  and,
  blobs,
  circles,
  classification,
  moons,
  regression,
  spirals,
  xor,
  type BlobOptions,
  type ClassificationOptions,
  type Examples,
  type PointOptions,
  type RegressionOptions,
} from "./points.ts";
export {
  coffee,
  dailySales,
  isGoodRoast,
  isTopSeller,
  shirts,
  type DailySales,
  type DailySalesOptions,
  type Shirt,
  type ShopOptions,
} from "./shops.ts";
