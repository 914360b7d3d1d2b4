package dev.tenzan.cpu.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.scalar.MathF32;
import dev.tenzan.scalar.MathF64;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.scalar.ScalarBuilder;
import dev.tenzan.scalar.ScalarOp;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which bodies run in machine code; {@code LoopDifferentialTest} and the conformance kit look at what they compute. */
class MachineEmitterTest {
  private static final Instr LOAD = load(DType.F32, 0, LoopBody.UNIT);
  private static final List<VectorSet> SETS = Arrays.stream(VectorSet.values()).filter(VectorSet::canRun).toList();

  @BeforeEach
  void needsMachineCode() {
    assumeTrue(!SETS.isEmpty(), "this machine runs no machine code: it needs Linux on x86-64 with AVX2 or AVX-512, and native access");
  }

  private static Instr load(DType type, int slot, int move) {
    return new Instr.Load(type, slot, new Affine(slot, move));
  }

  private static LoopBody body(List<Instr> code, LoopBody.Out... outs) {
    return new LoopBody(code, List.of(outs));
  }

  private static LoopBody.Out memory(DType type, int value) {
    return new LoopBody.ToMemory(type, 9, 9, LoopBody.UNIT, value);
  }

  private static void serves(List<Instr> code, LoopBody.Out out) {
    SETS.forEach(set -> assertNotNull(MachineEmitter.of(body(code, out), set, false), () -> set + ": " + code));
  }

  private static void declines(List<Instr> code, LoopBody.Out out) {
    SETS.forEach(set -> assertNull(MachineEmitter.of(body(code, out), set, false), () -> set + ": " + code));
  }

  /** With AVX-512, but not with AVX2. */
  private static void servesWithAvx512(List<Instr> code, LoopBody.Out out) {
    for (VectorSet set : SETS) {
      assertEquals(set == VectorSet.AVX512, MachineEmitter.of(body(code, out), set, false) != null, () -> set + ": " + code);
    }
  }

  @Test
  void serveWhatVectorsDo() {
    Instr twice = new Instr.Binary(DType.F32, ScalarOp.ADD, 0, 0);
    serves(List.of(LOAD, twice), memory(DType.F32, 1));
    serves(List.of(LOAD, twice), new LoopBody.ToLanes(ReduceOp.SUM, 1));
    serves(List.of(LOAD, twice), new LoopBody.ToAccumulators(ReduceOp.MAX, 1));
    serves(List.of(LOAD, twice), new LoopBody.ToResults(1));
    serves(List.of(new Instr.Reduced(DType.F32)), memory(DType.BF16, 0));
    for (DType type : DType.values()) {
      serves(List.of(load(type, 0, LoopBody.UNIT), load(type, 1, LoopBody.FIXED)), memory(type, 0));
    }
  }

  @Test
  void serveBothWidthsAtOnce() {
    List<Instr> code =
        List.of(
            LOAD, new Instr.Convert(DType.F64, 0), new Instr.Index(new Affine(1, LoopBody.UNIT)), load(DType.I64, 2, LoopBody.FIXED),
            new Instr.Binary(DType.BOOL, ScalarOp.EQ, 2, 3), new Instr.Const(DType.F64, 0), new Instr.Ternary(DType.F64, ScalarOp.SELECT, 4, 1, 5));
    serves(code, memory(DType.F64, 6));
    serves(code, new LoopBody.ToLanes(ReduceOp.MIN, 6));
  }

  /** With AVX2, truth values are as wide as the widest numbers. */
  @Test
  void serveTruthValuesBesideNumbersOf64Bits() {
    Instr load = load(DType.F64, 0, LoopBody.UNIT);
    Instr known = load(DType.F64, 1, LoopBody.FIXED);
    Instr less = new Instr.Binary(DType.BOOL, ScalarOp.LT, 0, 1);
    serves(List.of(load, known, less, new Instr.Ternary(DType.F64, ScalarOp.SELECT, 2, 0, 1)), memory(DType.F64, 3));
    serves(List.of(load, known, less, new Instr.Convert(DType.I64, 2)), new LoopBody.ToLanes(ReduceOp.SUM, 3));
    serves(List.of(load, known, less), memory(DType.BOOL, 2));
    serves(List.of(load, known, less), new LoopBody.ToLanes(ReduceOp.MAX, 2));
    serves(List.of(load, known, less, new Instr.Convert(DType.I32, 2)), memory(DType.I32, 3));
    serves(List.of(load(DType.BOOL, 0, LoopBody.UNIT), new Instr.Convert(DType.F64, 0)), memory(DType.F64, 1));
  }

  @Test
  void serveOperationsOnIntegersOf64Bits() {
    Instr load = load(DType.I64, 0, LoopBody.UNIT);
    Instr other = load(DType.I64, 1, LoopBody.UNIT);
    for (ScalarOp op : List.of(ScalarOp.ADD, ScalarOp.MUL, ScalarOp.MIN, ScalarOp.MAX, ScalarOp.SHL, ScalarOp.SHR, ScalarOp.USHR, ScalarOp.XOR)) {
      serves(List.of(load, other, new Instr.Binary(DType.I64, op, 0, 1)), memory(DType.I64, 2));
    }
    for (ReduceOp op : List.of(ReduceOp.SUM, ReduceOp.PROD, ReduceOp.MIN, ReduceOp.MAX)) {
      serves(List.of(load), new LoopBody.ToLanes(op, 0));
      serves(List.of(load), new LoopBody.ToAccumulators(op, 0));
    }
    servesWithAvx512(List.of(load, new Instr.Convert(DType.F64, 0)), memory(DType.F64, 1));
    servesWithAvx512(List.of(LOAD, new Instr.Convert(DType.I64, 0)), memory(DType.I64, 1));
    servesWithAvx512(List.of(load(DType.F32, 0, LoopBody.REPEATED), new Instr.Convert(DType.F64, 0)), memory(DType.F64, 1));
    serves(List.of(new Instr.Index(new Affine(1, LoopBody.UNIT))), memory(DType.I64, 0));
  }

  /** Accumulators make room for values, as far as the folds need none of their own. */
  @Test
  void serveLongReductions() {
    ScalarBuilder b = new ScalarBuilder();
    int x = MathF32.atan(b, b.add(LOAD));
    serves(b.build().code(), new LoopBody.ToLanes(ReduceOp.SUM, x));
    ScalarBuilder d = new ScalarBuilder();
    int y = MathF64.erf(d, d.add(load(DType.F64, 0, LoopBody.UNIT)));
    serves(d.build().code(), new LoopBody.ToLanes(ReduceOp.SUM, y));
  }

  @Test
  void serveElementsThatAreApart() {
    for (int move : new int[] {LoopBody.STRIDED, LoopBody.PAIRS, LoopBody.REPEATED}) {
      serves(List.of(load(DType.F32, 0, move)), memory(DType.F32, 0));
      declines(List.of(load(DType.U8, 0, move)), memory(DType.U8, 0));
    }
    declines(List.of(LOAD), new LoopBody.ToMemory(DType.F32, 1, 1, LoopBody.STRIDED, 0));
  }

  @Test
  void divideIntegersByPowersOfTwoAlone() {
    for (ScalarOp op : List.of(ScalarOp.DIV, ScalarOp.REM)) {
      for (long divisor : new long[] {1, 2, 1L << 30}) {
        serves(divided(op, divisor), memory(DType.I32, 2));
      }
      for (long divisor : new long[] {0, 3, -2, -1, Integer.MIN_VALUE}) {
        declines(divided(op, divisor), memory(DType.I32, 2));
      }
      declines(
          List.of(load(DType.I32, 0, LoopBody.UNIT), load(DType.I32, 1, LoopBody.UNIT), new Instr.Binary(DType.I32, op, 0, 1)),
          memory(DType.I32, 2));
    }
  }

  private static List<Instr> divided(ScalarOp op, long divisor) {
    return List.of(
        load(DType.I32, 0, LoopBody.UNIT), new Instr.Const(DType.I32, divisor), new Instr.Binary(DType.I32, op, 0, 1));
  }

  @Test
  void gatherRowsOfAnythingAndElementsAsTheyLie() {
    for (DType type : DType.values()) {
      Instr gather = new Instr.Gather(type, 1, new Affine(1, LoopBody.UNIT), 0, 0, 0);
      serves(List.of(load(DType.I64, 0, LoopBody.FIXED), gather), memory(type, 1));
    }
    serves(
        List.of(load(DType.I64, 0, LoopBody.UNIT), new Instr.Gather(DType.F32, 1, new Affine(1, LoopBody.FIXED), 0, 0, 0)), memory(DType.F32, 1));
    declines(
        List.of(load(DType.I64, 0, LoopBody.UNIT), new Instr.Gather(DType.U8, 1, new Affine(1, LoopBody.FIXED), 0, 0, 0)), memory(DType.U8, 1));
  }

  @Test
  void leaveSearches() {
    declines(List.of(load(DType.BOOL, 0, LoopBody.UNIT)), new LoopBody.ToFirst(0));
  }

  /** Values have no more than all registers at once, and nothing is written to the stack. */
  @Test
  void leaveTooManyValuesAtOnce() {
    for (VectorSet set : SETS) {
      leavesMoreValuesThan(set.registers(), set);
    }
  }

  private static void leavesMoreValuesThan(int registers, VectorSet set) {
    for (int values : new int[] {registers - 4, registers + 1}) {
      List<Instr> code = new ArrayList<>();
      for (int v = 0; v < values; v++) {
        code.add(new Instr.Unary(DType.F32, ScalarOp.SQRT, v == 0 ? 0 : v - 1));
      }
      code.set(0, LOAD);
      int sum = values - 1;
      for (int v = 0; v < values - 1; v++) {
        code.add(new Instr.Binary(DType.F32, ScalarOp.ADD, sum, v));
        sum = code.size() - 1;
      }
      assertEquals(values < registers, MachineEmitter.of(body(code, memory(DType.F32, sum)), set, false) != null, values + " values");
    }
  }

  /** As many as there are: what does not change in a row needs no register. */
  @Test
  void serveAnyNumberOfValuesOfARow() {
    for (int values : new int[] {20, 40, 90}) {
      List<Instr> code = new ArrayList<>(List.of(LOAD));
      for (int v = 1; v <= values; v++) {
        code.add(new Instr.Load(DType.F32, 1, new Affine(1 + v, LoopBody.FIXED)));
      }
      int sum = 0;
      for (int v = 1; v <= values; v++) {
        code.add(new Instr.Binary(DType.F32, ScalarOp.ADD, sum, v));
        sum = code.size() - 1;
      }
      serves(code, memory(DType.F32, sum));
      serves(code, new LoopBody.ToLanes(ReduceOp.SUM, sum));
    }
  }

  @Test
  void leaveLongPrograms() {
    List<Instr> code = new ArrayList<>(List.of(LOAD));
    for (int v = 0; v < 700; v++) {
      code.add(new Instr.Unary(DType.F32, ScalarOp.SQRT, v));
    }
    declines(code, memory(DType.F32, 700));
  }

  /** Whole vectors of a type that fills them, in rows that begin at one. */
  @Test
  void storesPassTheCachesByWhereVectorsAreWhole() {
    for (VectorSet set : SETS) {
      LoopBody copy = body(List.of(LOAD), memory(DType.F32, 0));
      assertTrue(streams(copy, set, 0, 128, 3));
      assertTrue(streams(copy, set, 64, 128, 3));
      assertTrue(streams(copy, set, 64, 100, 1));
      assertFalse(streams(copy, set, 64, 100, 3));
      assertFalse(streams(copy, set, 32, 128, 3));
      LoopBody narrow = body(List.of(load(DType.BF16, 0, LoopBody.UNIT)), memory(DType.BF16, 0));
      assertFalse(streams(narrow, set, 0, 128, 3));
      MachineLoop plain = MachineEmitter.of(copy, set, false);
      assertNotNull(plain);
      assertFalse(plain.streams(frame(0, 128, 3)));
    }
  }

  private static boolean streams(LoopBody body, VectorSet set, long base, long step, int rows) {
    MachineLoop loop = MachineEmitter.of(body, set, true);
    assertNotNull(loop);
    return loop.streams(frame(base, step, rows));
  }

  /** A block whose output, buffer 9 at address 9, begins so many bytes behind a multiple of 64. */
  private static Frame frame(long base, long step, int rows) {
    Frame f = new Frame();
    f.seg = new MemorySegment[10];
    f.seg[9] = Arena.ofAuto().allocate(1000, 64);
    f.base = new long[10];
    f.base[9] = base;
    f.step = new long[10];
    f.step[9] = step;
    f.rows = rows;
    return f;
  }

  private static int instructions(List<Instr> code, MachineIdioms.Kind kind) {
    return instructions(code, VectorSet.AVX512, kind);
  }

  private static int instructions(List<Instr> code, VectorSet set, MachineIdioms.Kind kind) {
    MachineIdioms idioms = new MachineIdioms(body(code, memory(code.getLast().type(), code.size() - 1)), set, true);
    int found = 0;
    for (int v = 0; v < code.size(); v++) {
      MachineIdioms.Idiom idiom = idioms.of(v);
      found += idiom != null && idiom.kind() == kind ? 1 : 0;
    }
    return found;
  }

  /** The functions as they are called by others, and what only looks like them. */
  @Test
  void scaleByOneInstruction() {
    ScalarBuilder b = new ScalarBuilder();
    MathF32.sigmoid(b, MathF32.exp(b, b.neg(MathF32.exp2(b, b.add(LOAD)))));
    List<Instr> code = new ArrayList<>(b.build().code());
    assertEquals(2, instructions(code, MachineIdioms.Kind.SCALED));
    assertEquals(0, instructions(code, VectorSet.AVX2, MachineIdioms.Kind.SCALED)); // which has no such instruction
    ScalarBuilder d = new ScalarBuilder();
    MathF64.exp2(d, MathF64.exp(d, d.add(load(DType.F64, 0, LoopBody.UNIT))));
    assertEquals(2, instructions(d.build().code(), MachineIdioms.Kind.SCALED));
  }

  /** With any other constant, bounds or not, it is another function. */
  @Test
  void scaleKnownFunctionsAlone() {
    ScalarBuilder b = new ScalarBuilder();
    MathF32.exp(b, b.add(LOAD));
    List<Instr> code = new ArrayList<>(b.build().code());
    assertEquals(1, instructions(code, MachineIdioms.Kind.SCALED));
    for (int v = 0; v < code.size(); v++) {
      Instr before = code.get(v);
      if (before instanceof Instr.Const c) {
        code.set(v, new Instr.Const(c.type(), c.bits() + 1));
        assertEquals(0, instructions(code, MachineIdioms.Kind.SCALED), "another constant than " + c);
      } else if (before instanceof Instr.Ternary t && t.op() == ScalarOp.SELECT) {
        code.set(v, new Instr.Unary(DType.F32, ScalarOp.ABS, t.c()));
        assertEquals(0, instructions(code, MachineIdioms.Kind.SCALED), "no " + t);
      }
      code.set(v, before);
    }
  }

  @Test
  void multiplyWhereRowsShareDivisors() {
    Instr quotient = new Instr.Binary(DType.F32, ScalarOp.DIV, 0, 1);
    assertEquals(1, instructions(List.of(LOAD, load(DType.F32, 1, LoopBody.FIXED), quotient), MachineIdioms.Kind.QUOTIENT));
    assertEquals(1, instructions(List.of(LOAD, new Instr.Const(DType.F32, 0x40400000), quotient), MachineIdioms.Kind.QUOTIENT));
    assertEquals(0, instructions(List.of(LOAD, load(DType.F32, 1, LoopBody.UNIT), quotient), MachineIdioms.Kind.QUOTIENT));
    assertEquals(0, instructions(List.of(load(DType.F32, 1, LoopBody.FIXED), LOAD, quotient), MachineIdioms.Kind.QUOTIENT));
  }

  @Test
  void putSignsOnByOneInstruction() {
    ScalarBuilder b = new ScalarBuilder();
    MathF32.tanh(b, b.add(LOAD));
    assertEquals(1, instructions(b.build().code(), MachineIdioms.Kind.WITH_BITS));
  }
}
