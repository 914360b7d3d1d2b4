package dev.tenzan.bench.matherror;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.bench.output.Progress;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.io.PrintStream;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.api.Test;

class MathErrorScanTest {
  private static List<MathError> scan(int threads, String name, DType dtype) {
    Progress silent = new Progress(new PrintStream(PrintStream.nullOutputStream()), false);
    return new MathErrorScan(true, threads, silent).run(List.of(name), List.of(dtype));
  }

  @Test
  void exactResultsHaveNoError() {
    assertEquals(0, UlpError.f32(1.5f, 1.5));
    assertEquals(0, UlpError.f32(Float.NaN, Double.NaN));
    assertEquals(0, UlpError.f32(Float.POSITIVE_INFINITY, Double.POSITIVE_INFINITY));
    assertEquals(0, UlpError.f32(0, 0.0));
  }

  @Test
  void errorsAreInUnitsOfTheLastPlace() {
    assertEquals(1, UlpError.f32(Math.nextUp(1f), 1));
    assertEquals(0.5, UlpError.f32(1, 1 + 0x1p-24));
    assertEquals(0.25, UlpError.f32(0, 0x1p-151));
    assertEquals(1, UlpError.f32(Float.MAX_VALUE, 1e300));
    assertEquals(0.5, UlpError.f32(Float.POSITIVE_INFINITY, 0x1.ffffffp127));
  }

  @Test
  void specialValuesMustBeRight() {
    assertEquals(Double.POSITIVE_INFINITY, UlpError.f32(1, Double.NaN));
    assertEquals(Double.POSITIVE_INFINITY, UlpError.f32(Float.NaN, 1));
    assertEquals(Double.POSITIVE_INFINITY, UlpError.f32(0f, -0.0));
    assertEquals(Double.POSITIVE_INFINITY, UlpError.f32(Float.MAX_VALUE, Double.POSITIVE_INFINITY));
    assertEquals(Double.POSITIVE_INFINITY, UlpError.f32(Float.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY));
  }

  @Test
  void aWrongFunctionIsFound() {
    MathFunction exp = MathFunction.ALL.getFirst();
    EveryFloat constant = new EveryFloat(exp, (_, _) -> Float.floatToRawIntBits(1), 1021);
    assertTrue(Parts.run(2, EveryFloat.PARTS, constant::part).ulp() > 1e6);
    Sample negative = new Sample(exp, DType.F64, (_, _) -> Double.doubleToRawLongBits(-1), 64);
    assertEquals(Double.POSITIVE_INFINITY, Parts.run(2, Sample.PARTS, negative::part).ulp());
  }

  @Test
  void theResultDoesNotDependOnTheThreads() {
    assertEquals(scan(1, "exp", DType.F32), scan(3, "exp", DType.F32));
    assertEquals(scan(1, "log", DType.F64), scan(3, "log", DType.F64));
  }

  @Test
  void theLimitDecides() {
    MathError e = scan(2, "tanh", DType.F32).getFirst();
    assertTrue(e.ok(), e.toString());
    assertFalse(new MathError(e.function(), e.dtype(), e.inputs(), 0.1, e.worst()).ok());
  }

  /** The compiled program and the builder's folding are two readings of one program. */
  @Test
  void compiledAndFoldedAgree() {
    long seed = 17;
    SplittableRandom random = new SplittableRandom(seed);
    for (MathFunction f : MathFunction.ALL) {
      ScalarBuilder program = new ScalarBuilder();
      int x = program.add(new Instr.Load(DType.F32, 0, new Affine(0)));
      int y = program.add(new Instr.Load(DType.F32, 1, new Affine(0)));
      int result = f.f32().build(program, x, y);
      LongBinaryOperator compiled = ScalarJit.compile(program.build(), result, x, y);
      for (int i = 0; i < 200; i++) {
        int xBits = random.nextInt();
        int yBits = random.nextInt();
        ScalarBuilder b = new ScalarBuilder();
        int folded =
            f.f32().build(b, b.f32(Float.intBitsToFloat(xBits)), b.f32(Float.intBitsToFloat(yBits)));
        float expected = Float.intBitsToFloat((int) ((Instr.Const) b.get(folded)).bits());
        float got = Float.intBitsToFloat((int) compiled.applyAsLong(xBits, yBits));
        assertEquals(expected, got, f.name() + " of bits " + xBits + ", " + yBits + ", seed " + seed);
      }
    }
  }
}
