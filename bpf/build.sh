#!/bin/sh
# Usage: build.sh TOOLCHAIN/bin PACKAGE OUTPUT.swift
# Compiles the XDP program with the filters' Swift in it, drops DWARF (BTF stays), and writes the object as one hexadecimal
# StaticString, which compiles in 0.1 s at any size. Needs the Swift toolchain's own clang: others cannot read its IR.
set -eu
bin=$1 package=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
include=$package/bpf/shared/include

# A filter is in the kernel when it has a slot in the chain image. Its folder holds the program and the slot.
set -- "$package"/Sources/PacketKit/*.swift "$package"/bpf/*.swift
for slot in "$package"/filters/*/*Slot.swift; do set -- "$@" "$slot" "${slot%Slot.swift}Program.swift"; done

# Embedded Swift for riscv64 has BPF's data layout; retarget.sed rewrites triple and attributes. All files are one module here,
# so their imports of PacketKit say nothing.
"$bin/swiftc" -target riscv64-none-none-eabi -O -wmo -parse-as-library -swift-version 6 -gline-tables-only \
  -enable-experimental-feature Embedded -enable-experimental-feature Lifetimes -module-name PacketKit \
  -I "$include" -suppress-warnings -emit-ir "$@" -o "$work/filters.ll"
sed -E -f "$package/bpf/retarget.sed" "$work/filters.ll" > "$work/filters.bpf.ll"
"$bin/clang" -target bpf -x ir -emit-llvm -c "$work/filters.bpf.ll" -o "$work/filters.bc"
# Of v4 only gotol: a branch of 16 bits spans half of what the program may grow to. What is left of the program for one chain is
# small, so that what is loaded has ordinary jumps alone, which kernels before 6.6 know.
"$bin/clang" -target bpf -mcpu=v4 -mllvm -disable-ldsx -mllvm -disable-movsx -mllvm -disable-bswap -mllvm -disable-sdiv-smod \
  -mllvm -disable-storeimm -O2 -g -Wall -Werror -isystem "/usr/include/$(uname -m)-linux-gnu" -I "$include" \
  -Xclang -fno-split-cold-code -Xclang -mlink-builtin-bitcode -Xclang "$work/filters.bc" \
  -c "$package/bpf/proxy.bpf.c" -o "$work/proxy.o"
"$bin/llvm-objcopy" --strip-debug "$work/proxy.o"
hex=$(od -An -v -tx1 "$work/proxy.o" | tr -d ' \n')
printf 'extension ProgramObject {\n  static let proxy: StaticString = "%s"\n}\n' "$hex" > "$out"
