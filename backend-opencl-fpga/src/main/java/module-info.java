/**
 * Runs kernels on OpenCL devices. {@code dev.tenzan.opencl.aparapi} needs the jars of Aparapi, which are optional; nothing else uses them.
 */
module dev.tenzan.opencl {
  requires static aparapi;
  requires transitive dev.tenzan;
  requires java.logging; // JOCL, which has no module descriptor, needs it
  requires jocl;
  requires static org.jspecify;

  exports dev.tenzan.opencl.aparapi;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.opencl.OpenClProvider;
}
