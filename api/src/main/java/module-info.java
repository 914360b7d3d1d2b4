/** The Tenzan tensor API: one backend-neutral way to write tensor programs, and what a backend implements. */
module dev.tenzan {
  requires static org.jspecify;

  exports dev.tenzan;
  exports dev.tenzan.error;
  exports dev.tenzan.io;
  exports dev.tenzan.ir;
  exports dev.tenzan.kernel;
  exports dev.tenzan.reference;
  exports dev.tenzan.scalar;
  exports dev.tenzan.schedule;
  exports dev.tenzan.spi;
  exports dev.tenzan.type;

  uses dev.tenzan.spi.BackendProvider;

  provides dev.tenzan.spi.BackendProvider with
      dev.tenzan.reference.ReferenceProvider;
}
