package dev.tenzan.conformance;

import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes random but valid loop kernels: any types, strides, broadcasts, gathers and reductions. */
public final class RandomLoop {
  private static final long[] EXTENTS = {1, 2, 3, 5, 8, 16, 17, 31, 64, 65, 130};
  private static final DType[] COMPUTE = {DType.F32, DType.F64, DType.I32, DType.I64, DType.BOOL};
  private static final List<ScalarOp> INT_OPS =
      List.of(
          ScalarOp.ADD, ScalarOp.SUB, ScalarOp.MUL, ScalarOp.DIV, ScalarOp.REM, ScalarOp.MIN, ScalarOp.MAX,
          ScalarOp.AND, ScalarOp.OR, ScalarOp.XOR, ScalarOp.SHL, ScalarOp.SHR, ScalarOp.USHR, ScalarOp.EQ,
          ScalarOp.NE, ScalarOp.LT, ScalarOp.LE);
  private static final List<ScalarOp> FLOAT_OPS =
      List.of(
          ScalarOp.ADD, ScalarOp.SUB, ScalarOp.MUL, ScalarOp.DIV, ScalarOp.MIN, ScalarOp.MAX, ScalarOp.EQ,
          ScalarOp.NE, ScalarOp.LT, ScalarOp.LE);
  private static final List<ScalarOp> BOOL_OPS =
      List.of(
          ScalarOp.AND, ScalarOp.OR, ScalarOp.XOR, ScalarOp.EQ, ScalarOp.NE, ScalarOp.LT, ScalarOp.LE,
          ScalarOp.MIN, ScalarOp.MAX, ScalarOp.MUL);

  private final Random random;
  private final List<DType> inputs = new ArrayList<>();
  private final long maxPoints;
  private final int maxOps;

  /**
   * A maker of kernels.
   *
   * @param maxPoints the most points of space and reduced dimensions together
   * @param maxOps the most instructions beside the loads
   */
  public RandomLoop(Random random, long maxPoints, int maxOps) {
    this.random = random;
    this.maxPoints = maxPoints;
    this.maxOps = maxOps;
  }

  /** A new kernel, with a reduction or without. */
  public LoopKernel next(boolean reduce) {
    Shape space = shape(random.nextInt(5), maxPoints);
    Shape reduced = reduce ? shape(random.nextInt(4), Math.max(1, maxPoints / Math.max(1, space.size()))) : Shape.SCALAR;
    int slots = 1 + random.nextInt(3);
    inputs.clear();
    for (int i = 0; i < slots; i++) {
      inputs.add(DType.values()[random.nextInt(DType.values().length)]);
    }
    ScalarBuilder body = new ScalarBuilder();
    Shape all = space.concat(reduced);
    List<Integer> values = program(body, all, slots, -1);
    if (!reduce) {
      List<DType> outputs = new ArrayList<>();
      List<LoopKernel.Store> stores = stores(body, values, space, outputs);
      return new LoopKernel(space, reduced, inputs, outputs, body.build(), null, new ScalarBuilder().build(), stores);
    }
    int value = values.getLast();
    DType type = body.type(value);
    ReduceOp op = ReduceOp.values()[random.nextInt(4)];
    if (type == DType.BOOL && op == ReduceOp.SUM) {
      op = ReduceOp.MAX;
    }
    ScalarBuilder epilogue = new ScalarBuilder();
    int start = epilogue.add(new Instr.Reduced(type));
    List<Integer> results = program(epilogue, space, slots, start);
    List<DType> outputs = new ArrayList<>();
    List<LoopKernel.Store> stores = stores(epilogue, results, space, outputs);
    return new LoopKernel(
        space, reduced, inputs, outputs, body.build(), new LoopKernel.Reduction(op, value), epilogue.build(), stores);
  }

  private Shape shape(int rank, long max) {
    long[] dims = new long[rank];
    long size = 1;
    for (int d = 0; d < rank; d++) {
      dims[d] = EXTENTS[random.nextInt(EXTENTS.length)];
      while (size * dims[d] > max) {
        dims[d] = dims[d] > 2 ? dims[d] / 2 : 1;
      }
      size *= dims[d];
    }
    if (rank > 0 && random.nextInt(40) == 0) {
      dims[random.nextInt(rank)] = 0;
    }
    return Shape.of(dims);
  }

  /** An address over a shape: dense in some order of the axes, with gaps, broadcast and reversed axes. */
  private Affine address(Shape shape, boolean injective) {
    int rank = shape.rank();
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < rank; d++) {
      order.add(d);
    }
    if (random.nextInt(3) == 0) {
      java.util.Collections.shuffle(order, random);
    }
    long[] strides = new long[rank];
    long step = random.nextInt(5) == 0 ? 2 : 1;
    long min = 0;
    for (int k = rank - 1; k >= 0; k--) {
      int d = order.get(k);
      if (!injective && random.nextInt(5) == 0) {
        continue;
      }
      strides[d] = random.nextInt(8) == 0 ? -step : step;
      min += Math.min(0, strides[d] * Math.max(0, shape.dim(d) - 1));
      step *= Math.max(1, shape.dim(d)) + (random.nextInt(6) == 0 ? 3 : 0);
    }
    return new Affine(random.nextInt(4) - min, strides);
  }

  private List<Integer> program(ScalarBuilder b, Shape all, int slots, int start) {
    List<Integer> values = new ArrayList<>();
    if (start >= 0) {
      values.add(start);
    }
    for (int s = 0; s < slots; s++) {
      if (start < 0 || random.nextBoolean()) {
        values.add(b.add(new Instr.Load(inputs.get(s), s, address(all, false))));
      }
    }
    int ops = random.nextInt(maxOps) + (start < 0 ? 1 : 0);
    for (int i = 0; i < ops; i++) {
      values.add(instruction(b, all, values));
    }
    return values;
  }

  private int pick(ScalarBuilder b, List<Integer> values, DType type) {
    List<Integer> fit = values.stream().filter(v -> b.type(v) == type).toList();
    if (!fit.isEmpty() && random.nextInt(4) != 0) {
      return fit.get(random.nextInt(fit.size()));
    }
    if (random.nextInt(3) == 0) {
      return b.constBits(type, StoredElements.random(type, random));
    }
    int other = values.get(random.nextInt(values.size()));
    return b.convert(type, other);
  }

  private int instruction(ScalarBuilder b, Shape all, List<Integer> values) {
    DType type = COMPUTE[random.nextInt(COMPUTE.length)];
    switch (random.nextInt(12)) {
      case 0 -> {
        return b.add(new Instr.Load(inputs.get(0), 0, address(all, false)));
      }
      case 1 -> {
        return b.index(address(all, false));
      }
      case 2 -> {
        int index = pick(b, values, DType.I64);
        long extent = 1 + random.nextInt(9);
        int safe = b.max(b.min(index, b.i64(extent - 1)), b.i64(0));
        int slot = random.nextInt(inputs.size());
        return b.add(
            new Instr.Gather(inputs.get(slot), slot, address(all, false), safe, random.nextInt(4), extent));
      }
      case 3 -> {
        return b.select(pick(b, values, DType.BOOL), pick(b, values, type), pick(b, values, type));
      }
      case 4 -> {
        return b.convert(type, values.get(random.nextInt(values.size())));
      }
      case 5 -> {
        DType[] narrow = {DType.F16, DType.BF16, DType.I8, DType.I16, DType.U8};
        DType storage = narrow[random.nextInt(narrow.length)];
        return b.narrow(storage, pick(b, values, storage.compute()));
      }
      case 6 -> {
        return bitcast(b, values);
      }
      case 7 -> {
        if (type.isFloat()) {
          ScalarOp[] ops = {ScalarOp.NEG, ScalarOp.ABS, ScalarOp.SQRT};
          return b.unary(ops[random.nextInt(3)], pick(b, values, type));
        }
        ScalarOp[] ops = {ScalarOp.NOT, ScalarOp.NEG, ScalarOp.ABS};
        return b.unary(type == DType.BOOL ? ScalarOp.NOT : ops[random.nextInt(3)], pick(b, values, type));
      }
      case 8 -> {
        DType f = random.nextBoolean() ? DType.F32 : DType.F64;
        return b.fma(pick(b, values, f), pick(b, values, f), pick(b, values, f));
      }
      default -> {
        List<ScalarOp> ops = type.isFloat() ? FLOAT_OPS : type == DType.BOOL ? BOOL_OPS : INT_OPS;
        return b.binary(ops.get(random.nextInt(ops.size())), pick(b, values, type), pick(b, values, type));
      }
    }
  }

  /** Bits of floats are only looked at where they are no NaN, because a NaN's payload is not defined. */
  private int bitcast(ScalarBuilder b, List<Integer> values) {
    return switch (random.nextInt(4)) {
      case 0 -> b.bitcast(DType.F32, pick(b, values, DType.I32));
      case 1 -> b.bitcast(DType.F64, pick(b, values, DType.I64));
      case 2 -> {
        int v = pick(b, values, DType.F32);
        yield b.bitcast(DType.I32, b.select(b.eq(v, v), v, b.f32(1)));
      }
      default -> {
        int v = pick(b, values, DType.F64);
        yield b.bitcast(DType.I64, b.select(b.eq(v, v), v, b.f64(1)));
      }
    };
  }

  private List<LoopKernel.Store> stores(
      ScalarBuilder b, List<Integer> values, Shape space, List<DType> outputs) {
    List<LoopKernel.Store> stores = new ArrayList<>();
    int count = 1 + (random.nextInt(3) == 0 ? 1 : 0);
    for (int s = 0; s < count; s++) {
      int value = values.get(s == 0 ? values.size() - 1 : random.nextInt(values.size()));
      DType compute = b.type(value);
      List<DType> fits = new ArrayList<>();
      for (DType t : DType.values()) {
        if (t.compute() == compute) {
          fits.add(t);
        }
      }
      DType storage = fits.get(random.nextInt(fits.size()));
      outputs.add(storage);
      stores.add(new LoopKernel.Store(s, address(space, true), b.narrow(storage, value)));
    }
    return stores;
  }
}
