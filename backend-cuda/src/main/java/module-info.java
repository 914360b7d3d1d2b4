/** The place of the CUDA backend. */
module dev.tenzan.cuda {
  requires dev.tenzan;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.cuda.CudaProvider;
}
