#!/usr/bin/env bash
# bench/gpu/run.sh [RESULTS [WORKLOAD …]]: times WebGPU on this machine, and PyTorch beside it where a python has it (MYELIN_PYTHON names one).
# In an unpacked archive (see archive.sh) or in a project that is built. Needs no network; runs what can be run and says what is missing.
set -uo pipefail
cd "$(dirname "$0")/../.."
results="${1:-results}"
shift || true
workloads=("$@")
if [ ${#workloads[@]} = 0 ]; then
  workloads=(matmul64 matmul128 matmul256 matmul512 matmul1024 matmul2048 matmul4096 matmul4096-f16 elementwise10m softmax mlp32 mlp64 cnn32 lstm gpt mlp-b1)
fi
mkdir -p "$results"
node=./bin/node
[ -x "$node" ] || node=node
say() { echo "$*" | tee -a "$results/log.txt"; }
: > "$results/log.txt"
rm -f "$results"/*.jsonl

say "date: $(date -u +%FT%TZ)"
say "machine: $(uname -srm), $(nproc) cores, $(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)"
if command -v nvidia-smi > /dev/null; then
  say "card: $(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit --format=csv,noheader 2>&1 | head -4)"
else
  say "missing: nvidia-smi, so nothing is known of NVIDIA's driver"
fi

if ! ldconfig -p 2> /dev/null | grep -q 'libvulkan\.so\.1'; then
  if [ -e lib/libvulkan.so.1 ]; then
    say "missing: the loader of Vulkan (libvulkan.so.1); the archive's is used"
    export LD_LIBRARY_PATH="$PWD/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  else
    say "missing: the loader of Vulkan (apt-get install libvulkan1)"
  fi
fi
drivers="$(ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json /usr/local/nvidia/share/vulkan/icd.d/*.json 2> /dev/null)"
say "drivers of Vulkan: ${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-$(echo ${drivers:-none})}}"
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && [ -e /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json ]; then
  export VK_DRIVER_FILES=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
fi

found="$(timeout 120 "$node" build/bench/gpu.js look 2>> "$results/log.txt")"
say "WebGPU: ${found:-nothing that starts; see log.txt}"
echo "$found" > "$results/gpu.json"
case "$found" in
  '{"adapter":{'*'"software":false'*) ;;
  '{"adapter":{'*) say "note: Vulkan sees no card, only a driver in software: what follows says nothing about a card" ;;
  *) say "missing: an adapter. Vulkan needs a driver: for NVIDIA its ICD file, in software VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json" ;;
esac

case "$found" in '{"adapter":{'*)
  for workload in "${workloads[@]}"; do
    # One that hangs, or that the device has no room for, does not end the others.
    timeout 300 "$node" build/bench/run.js "$workload" --device webgpu --json 2>> "$results/log.txt" | tee -a "$results/webgpu.jsonl" \
      || say "failed: $workload on webgpu; see log.txt"
  done ;;
esac

python="${MYELIN_PYTHON:-$(command -v python3 || true)}"
peers="$([ -n "$python" ] && timeout 120 "$python" -B bench/peers/child.py 2>> "$results/log.txt")"
say "python: ${python:-none} ${peers}"
ran=no
for peer in torch.cuda torch.cuda.compile; do
  case "$peers" in *"\"$peer\": {\"version\""*)
    ran=yes
    for workload in "${workloads[@]}"; do
      timeout 300 "$python" -B bench/peers/child.py "$peer" "$workload" "$(nproc)" 2>> "$results/log.txt" | grep '^{' | tee -a "$results/torch.jsonl" \
        || say "failed: $workload in $peer; see log.txt"
    done ;;
  esac
done
[ "$ran" = yes ] || say "missing: a python with torch that sees CUDA (MYELIN_PYTHON names one): nothing to compare with"

timeout 60 "$node" build/bench/gpu.js table "$results" 2>> "$results/log.txt" | tee "$results/table.txt"
say "results are in $results"
