package dev.tenzan.cuda.plan;

/** What one of NVIDIA's libraries is asked for. Its operands are the buffers of the launch. */
public sealed interface LibraryWork permits LibraryProduct, LibraryConvolution {}
