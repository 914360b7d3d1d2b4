/** The place of the OpenCL and FPGA backend. */
module dev.tenzan.opencl {
  requires dev.tenzan;
  requires static org.jspecify;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.opencl.OpenClProvider;
}
