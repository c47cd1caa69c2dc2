# Embedded Swift IR for riscv64-none-none-eabi, which has BPF's data layout, to IR that clang's BPF back end takes.
s/^target triple = .*/target triple = "bpf"/
s/ "target-cpu"="[^"]*"//; s/ "target-features"="[^"]*"//; s/ "frame-pointer"="[^"]*"//
s/\bswiftcc //
# All of it goes into the C program: what stays out of line has no BTF and does not load.
s/\bnoinline\b/nounwind/
/^define /{ /swift_/! s/(#[0-9]+) (.*)\{/alwaysinline \1 \2{/ }
# What would keep the Embedded runtime alive.
/^@llvm\.used = /d; /^@_swift1_autolink_entries = /d; /^!llvm\.linker\.options = /d
# The marker in front of a trap.
/call void asm sideeffect "", "n"\(i32/d
