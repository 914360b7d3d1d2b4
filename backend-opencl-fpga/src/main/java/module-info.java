/** Runs kernels on OpenCL devices. */
module dev.tenzan.opencl {
  requires dev.tenzan;
  requires jocl;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.opencl.OpenClProvider;
}
