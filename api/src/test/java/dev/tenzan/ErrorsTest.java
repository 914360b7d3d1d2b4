package dev.tenzan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DTypeException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.IndexException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.ir.CustomBody;
import dev.tenzan.type.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Wrong use is a typed exception that names the operation and the actual values. */
class ErrorsTest {
  private final Device d = Devices.get("reference");
  private final Tensor x = d.ones(DType.F32, 2, 3);

  private static <E extends Exception> void fails(Class<E> type, String part, Executable action) {
    E e = assertThrows(type, action);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(part), message);
  }

  @Test
  void shapes() {
    assertEquals(
        "matmul: inner dimensions differ: [2, 3] x [2, 3]",
        assertThrows(ShapeException.class, () -> x.matmul(x)).getMessage());
    fails(ShapeException.class, "[2, 3] and [4]", () -> x.add(d.ones(DType.F32, 4)));
    fails(ShapeException.class, "axis 2", () -> x.sum(2));
    fails(ShapeException.class, "stop 9", () -> x.slice(Slice.of(0, 9)));
    fails(ShapeException.class, "start -3", () -> x.get(-3));
    fails(ShapeException.class, "reshape", () -> x.reshape(4, 2));
    fails(ShapeException.class, "negative extent", () -> d.zeros(DType.F32, -1));
    fails(ShapeException.class, "2^63", () -> d.zeros(DType.F32, 1L << 40, 1L << 40));
    fails(ShapeException.class, "empty", () -> d.zeros(DType.F32, 0).max());
    fails(ShapeException.class, "6 elements", () -> x.item());
    fails(ShapeException.class, "the array has 3", () -> d.of(new float[3], 2, 2));
    fails(ShapeException.class, "permuteDims", () -> x.permuteDims(0, 0));
    fails(ShapeException.class, "does not fit", () -> x.reshape(1, 1, 2, 3).maxPool(PoolOptions.of(4)));
    fails(ShapeException.class, "greater: shapes [2, 3] and [4]", () -> x.greater(d.ones(DType.F32, 4)));
    long huge = Long.MAX_VALUE;
    fails(ShapeException.class, "pad: axis 1 of shape [2, 3]", () -> x.pad(0, 0, 0, huge, 1));
    ConvOptions padded = ConvOptions.of().padding(huge);
    fails(ShapeException.class, "conv: axis 2", () -> x.reshape(1, 1, 2, 3).conv(d.ones(DType.F32, 1, 1, 1, 1), padded));
    fails(ShapeException.class, "tile: axis 1", () -> x.tile(1, huge));
    fails(ShapeException.class, "repeat: axis 0", () -> x.repeat(huge, 0));
    CustomBody.Host body = (_, _) -> {};
    fails(ShapeException.class, "mine: no operands", () -> Tensor.custom("mine", DType.F32, x.shape(), body));
    fails(ShapeException.class, "groups", () -> x.reshape(1, 1, 2, 3).conv(d.ones(DType.F32, 1, 2, 1, 1)));
  }

  @Test
  void dtypes() {
    fails(DTypeException.class, "cast(DType.F32)", () -> x.add(d.of(new int[] {1})));
    fails(DTypeException.class, "greaterEqual: dtypes f32 and i32", () -> x.greaterEqual(d.of(new int[] {1})));
    fails(DTypeException.class, "greater: ", () -> d.of(new int[] {1}).greater(0.5));
    fails(DTypeException.class, "sqrt", () -> d.of(new int[] {1}).sqrt());
    fails(DTypeException.class, "toFloats", () -> d.of(new int[] {1}).toFloats());
    fails(DTypeException.class, "0.5", () -> d.of(new int[] {1}).add(0.5));
    fails(DTypeException.class, "index tensor", () -> x.take(x, 0));
    fails(DTypeException.class, "bitcast", () -> x.bitcast(DType.I64));
  }

  @Test
  void indicesAndDevices() {
    fails(IndexException.class, "index 9 is outside an axis of extent 2", () -> x.take(d.of(new long[] {9}), 0).eval());
    Tensor five = d.of(new long[] {5}, 1, 1);
    fails(IndexException.class, "a coordinate is outside", () -> x.takeAlongAxis(five, 1).eval());
    fails(IndexException.class, "a coordinate is outside", () -> x.index(five, five).eval());
    Tensor update = d.ones(DType.F32, 1, 3);
    fails(IndexException.class, "-1", () -> x.scatterAdd(0, d.of(new long[] {-1}), update).eval());
    fails(DeviceException.class, "reference", () -> Devices.get("gpu:7"));
    assertEquals(6, x.sum().item(), "a failed evaluation leaves other tensors alone");
  }

  @Test
  void closed() {
    Tensor t = d.of(new float[] {1, 2});
    Tensor sum = t.sum();
    t.close();
    assertEquals(3, sum.item(), "a deferred operation keeps its operand's memory");
    fails(ClosedException.class, "closed", t::sum);
    t.close();
  }

  @Test
  void tracedFunctionThatReadsItsArgument() {
    Tenzan.Compiled f = Tenzan.compile(a -> java.util.List.of(a.getFirst().mul(a.getFirst().sum().item())));
    fails(DeviceException.class, "compile", () -> f.apply(x));
  }
}
