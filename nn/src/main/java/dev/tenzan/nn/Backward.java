package dev.tenzan.nn;

import dev.tenzan.ir.Op;

/**
 * The gradient of every primitive. The switch names each operation, so that a new primitive does not compile
 * before its gradient has been decided.
 */
final class Backward {
  private Backward() {}

  /**
   * Gives the gradients by the operands of one operation.
   *
   * @throws GradientException where the operation has none
   */
  static void apply(Rule r) {
    switch (r.op()) {
      case Op.Input _, Op.Constant _, Op.Iota _ -> {}
      // Random bits, reinterpreted bits and positions are integers, or cut the graph on purpose.
      case Op.RandomBits _, Op.Bitcast _, Op.ArgReduce _ -> {}
      case Op.Unary u -> BackwardElementwise.unary(r, u.op());
      case Op.Binary b -> BackwardElementwise.binary(r, b.op());
      case Op.Where _ -> BackwardElementwise.where(r);
      case Op.Fma _ -> BackwardElementwise.fma(r);
      case Op.Cast _ -> r.give(0, () -> r.gradient().cast(r.in(0).dtype()));
      case Op.Reduce op -> BackwardReduction.reduce(r, op);
      case Op.Scan op -> BackwardReduction.scan(r, op);
      case Op.Reshape _ -> r.give(0, () -> r.gradient().reshape(r.shape(0).dims()));
      case Op.Permute op -> BackwardMovement.permute(r, op);
      case Op.Slice op -> BackwardMovement.slice(r, op);
      case Op.Broadcast _ -> r.give(0, () -> BackwardMovement.sumTo(r.gradient(), r.shape(0)));
      case Op.Window op -> BackwardMovement.window(r, op);
      case Op.Pad op -> BackwardMovement.pad(r, op);
      case Op.Concat op -> BackwardMovement.concat(r, op);
      case Op.Gather op -> BackwardIndexing.gather(r, op);
      case Op.Scatter op -> BackwardIndexing.scatter(r, op);
      case Op.Sort op -> BackwardIndexing.sort(r, op);
      case Op.MatMul op -> BackwardProducts.matmul(r, op);
      case Op.Convolution op -> BackwardProducts.convolution(r, op);
      case Op.Custom op ->
          throw new GradientException(
              "gradients: custom operation '" + op.name()
                  + "' has no gradient; keep it off the path from the variables to"
                  + " the loss, or pass its operands through Gradients.stop");
    }
  }
}
