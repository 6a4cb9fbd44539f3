#!/usr/bin/env bash
# bench/gpu/archive.sh FILE.tar.gz: packs all that bench/gpu/run.sh needs on a machine without network: Node, Dawn, koffi, the built package.
set -euo pipefail
target="$(realpath -m "${1:?say where to: bench/gpu/archive.sh FILE.tar.gz}")"
cd "$(dirname "$0")/../.."
npx tsdown --logLevel error

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
case "$(uname -m)" in x86_64) machine=linux-x64 ;; aarch64) machine=linux-arm64 ;; *) echo "no Dawn for $(uname -m)" >&2; exit 1 ;; esac

mkdir -p "$folder/bin" "$folder/lib" "$folder/bench/gpu" "$folder/bench/peers" "$folder/node_modules/webgpu/dist"
cp "$(node -p process.execPath)" "$folder/bin/node"
cp -r package.json dist "$folder"
mkdir -p "$folder/build" && cp -r build/bench "$folder/build"
# Programs of the bench share their parts with the examples.
cp build/*.js "$folder/build" 2> /dev/null || true
cp bench/gpu/run.sh "$folder/bench/gpu"
cp bench/peers/*.py "$folder/bench/peers"
cp node_modules/webgpu/package.json node_modules/webgpu/index.js node_modules/webgpu/LICENSE.md "$folder/node_modules/webgpu"
cp -r "node_modules/webgpu/dist/$machine" "$folder/node_modules/webgpu/dist"
cp -r node_modules/koffi "$folder/node_modules"
if [ -d node_modules/@koromix ]; then cp -r node_modules/@koromix "$folder/node_modules"; fi
# The loader of Vulkan, where the other machine has a driver but no loader.
loader="$(ldconfig -p | awk '/libvulkan\.so\.1 / { print $NF; exit }')"
if [ -n "$loader" ]; then cp -L "$loader" "$folder/lib/libvulkan.so.1"; else echo "no libvulkan.so.1 here to take along" >&2; fi
tar -czf "$target" -C "$folder" .
echo "$target: $(du -h "$target" | cut -f1)"
