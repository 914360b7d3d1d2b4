/** Gradients, layers, optimizers, data sets and training on the tensor API. */
module dev.tenzan.nn {
  requires transitive dev.tenzan;
  requires static org.jspecify;

  exports dev.tenzan.nn;
  exports dev.tenzan.nn.data;
}
