package dev.tenzan.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.error.ShapeException;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarProgram;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperandFootprintTest {
  @Test
  void theGreatestAddressDecides() {
    assertEquals(4 * 12, OperandFootprint.bytes("matmul", new Affine(0, 4, 1), Shape.of(3, 4), DType.F32));
    assertEquals(2 * 10, OperandFootprint.bytes("matmul", new Affine(9, -3, -1), Shape.of(3, 4), DType.F16));
    assertEquals(0, OperandFootprint.bytes("matmul", new Affine(-9, 4, 1), Shape.of(0, 4), DType.F32));
    ShapeException e =
        assertThrows(ShapeException.class, () -> OperandFootprint.bytes("matmul", new Affine(8, -3, -1), Shape.of(3, 4), DType.F32));
    assertTrue(String.valueOf(e.getMessage()).startsWith("matmul: an operand reaches element -1, before its start"), e.getMessage());
  }

  @Test
  void anAddressHasAValueForEachIndex() {
    assertArrayEquals(new long[] {5, 6, 15, 16, 25, 26}, new Affine(5, 10, 1).values(Shape.of(3, 2)));
    assertArrayEquals(new long[] {7, 4}, new Affine(7, -3, 100, 1000).values(Shape.of(2)), "further indices are 0");
    assertArrayEquals(new long[] {7}, new Affine(7, 2).values(Shape.SCALAR));
    assertArrayEquals(new long[0], new Affine(7, 2).values(Shape.of(0)));
  }

  private static LoopFootprint copy(Affine from, long n) {
    ScalarBuilder b = new ScalarBuilder();
    int x = b.add(new Instr.Load(DType.F32, 0, from));
    return LoopFootprint.of(
        new LoopKernel(
            Shape.of(n), Shape.SCALAR, List.of(DType.F32), List.of(DType.F32), b.build(), null, ScalarProgram.EMPTY,
            List.of(new LoopKernel.Store(0, new Affine(0, 1), x))));
  }

  @Test
  void indicesAreBounded() {
    assertEquals(10, copy(new Affine(0, 1), 10).largestIndex());
    assertEquals(3 + 5 * 10, copy(new Affine(3, 5), 10).largestIndex());
    assertEquals(45 + 5 * 10, copy(new Affine(45, -5), 10).largestIndex(), "magnitudes, not values");
    assertEquals(1L << 40, copy(new Affine(0, 1L << 20), 1L << 20).largestIndex());
  }
}
