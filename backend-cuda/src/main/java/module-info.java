/** Runs kernels on NVIDIA GPUs, and on a simulated one. */
module dev.tenzan.cuda {
  requires dev.tenzan;
  requires java.logging; // JCuda, which has no module descriptor, needs it
  requires jcuda;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.cuda.CudaProvider,
      dev.tenzan.cuda.SimulatedCudaProvider;
}
