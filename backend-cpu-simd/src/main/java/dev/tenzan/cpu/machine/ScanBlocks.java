package dev.tenzan.cpu.machine;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.R8;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;
import static dev.tenzan.cpu.machine.Assembler.RSI;

import dev.tenzan.kernel.ScanKernel;
import dev.tenzan.scalar.ReduceOp;
import dev.tenzan.type.DType;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a {@link ScanKernel} along neighbouring elements. Each of its blocks is a chain that waits for itself, so a vector has one
 * element of each of as many blocks as it has lanes, a {@linkplain #groupBytes group}: squares of vectors are turned in registers on the way in and
 * on the way out.
 */
public final class ScanBlocks {
  /** How far elements are fetched ahead: two pages, beyond which the hardware does not look. */
  private static final int AHEAD = 8192;

  // Where the numbers are that the code takes.
  private static final int SOURCE = 0;
  private static final int TARGET = 1;
  private static final int CARRIES = 2;
  private static final int COUNT = 3;
  private static final int LINES = 4;
  private static final int STATE = 5;
  private static final int WORDS = 6;

  private static final ThreadLocal<Words> CURRENT = Words.ofThread(WORDS);
  private static final Map<Key, Optional<ScanBlocks>> KNOWN = new ConcurrentHashMap<>();

  private record Key(VectorSet set, DType type, ReduceOp op) {}

  private final VectorSet set;
  private final VectorForm form;
  private final LaneOp op;

  /** What changes nothing that it is combined with: of sums of floats -0. */
  private final long identity;

  private final MachineCode locals;
  private final MachineCode lasts;
  private final MachineCode chain;
  private final MachineCode carries;
  private final MachineCode streamed;

  private ScanBlocks(VectorSet set, DType type, ReduceOp op) {
    this.set = set;
    this.form = new VectorForm(type.byteSize() == Long.BYTES, set.bytes() / type.byteSize());
    boolean sums = op == ReduceOp.SUM;
    this.op =
        type.isFloat() ? sums ? LaneOp.ADD : LaneOp.MULTIPLY : sums ? LaneOp.ADD_INTEGERS : LaneOp.MULTIPLY_INTEGERS;
    this.identity = sums && type.isFloat() ? form.wide() ? Long.MIN_VALUE : Integer.MIN_VALUE : op.identity(type);
    this.locals = MachineCode.load(locals(true));
    this.lasts = MachineCode.load(locals(false));
    this.chain = MachineCode.load(chain());
    this.carries = MachineCode.load(carries(false));
    this.streamed = MachineCode.load(carries(true));
  }

  /** The code for sums or products of i32, i64, f32 or f64 numbers; null for others (with AVX2 products of i64), and where it cannot run here. */
  public static @Nullable ScanBlocks of(VectorSet set, DType type, ReduceOp op) {
    boolean serves = type == DType.F32 || type == DType.F64 || type == DType.I32 || type == DType.I64;
    boolean multiplies = op == ReduceOp.PROD && (set == VectorSet.AVX512 || type != DType.I64);
    if (!serves || op != ReduceOp.SUM && !multiplies || !set.canRun()) {
      return null;
    }
    return KNOWN
        .computeIfAbsent(
            new Key(set, type, op),
            k -> Optional.ofNullable(MachineCode.orWarn(() -> new ScanBlocks(k.set, k.type, k.op), "scans go without machine code")))
        .orElse(null);
  }

  /** The bytes of a block. */
  public int blockBytes() {
    return ScanKernel.BLOCK * form.laneBytes();
  }

  /** The blocks of a group. */
  public int blocksOfGroup() {
    return form.lanes();
  }

  /** The bytes of a group. */
  public int groupBytes() {
    return ScanKernel.BLOCK * form.bytes();
  }

  /** What a line's first block is combined with: it changes nothing. */
  public long identity() {
    return identity;
  }

  /**
   * Scans each block of some groups by itself.
   *
   * @param target the address of the results
   * @param lasts the address of the last result of each block
   */
  public void locals(long source, long target, long lasts, long groups) {
    call(locals, source, target, lasts, groups);
  }

  /** Computes the last results of the blocks of some groups alone. */
  public void lasts(long source, long lasts, long groups) {
    call(this.lasts, source, 0, lasts, groups);
  }

  /** Combines the results of some blocks with a carry each; past the caches where asked for, to whole vectors. */
  public void carries(long source, long target, long carries, long blocks, boolean streams) {
    call(streams ? streamed : this.carries, source, target, carries, blocks);
  }

  /**
   * Makes the last results of blocks the carries of those behind them, line by line.
   *
   * @param state the carry of the first line's first block; those of others are {@link #identity}
   * @return the carry of a block behind the last one
   */
  public long chain(long lasts, long carries, long lines, long blocks, long state) {
    long[] words = CURRENT.get().words;
    words[LINES] = lines;
    words[STATE] = state;
    call(chain, lasts, 0, carries, blocks);
    return words[STATE];
  }

  private static void call(MachineCode code, long source, long target, long carries, long count) {
    Words w = CURRENT.get();
    w.words[SOURCE] = source;
    w.words[TARGET] = target;
    w.words[CARRIES] = carries;
    w.words[COUNT] = count;
    w.call(code);
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  private Assembler begin() {
    Assembler a = set.assembler();
    a.load(RSI, RDI, word(SOURCE));
    a.load(RDX, RDI, word(TARGET));
    a.load(RCX, RDI, word(CARRIES));
    a.load(RAX, RDI, word(COUNT));
    return a;
  }

  private byte[] locals(boolean stores) {
    int lanes = form.lanes();
    int free = lanes;
    int before = lanes + 1;
    int[] square = new int[lanes];
    for (int i = 0; i < lanes; i++) {
      square[i] = i;
    }
    Assembler a = begin();
    int group = a.here();
    for (int tile = 0; tile < ScanKernel.BLOCK / lanes; tile++) {
      for (int block = 0; block < lanes; block++) {
        int distance = block * blockBytes() + tile * form.bytes();
        a.lanes(LaneOp.LOAD, form, square[block], 0, new Source.Memory(RSI, distance));
        a.prefetchFirst(RSI, AHEAD + distance);
      }
      Square in = new Square(a, square, free);
      square = in.turned();
      for (int i = tile == 0 ? 1 : 0; i < lanes; i++) {
        a.lanes(op, form, square[i], i == 0 ? before : square[i - 1], new Source.Register(square[i]));
      }
      a.lanes(LaneOp.LOAD, form, before, 0, new Source.Register(square[lanes - 1]));
      free = in.free();
      if (stores) {
        Square out = new Square(a, square, free);
        square = out.turned();
        free = out.free();
        for (int block = 0; block < lanes; block++) {
          a.lanes(LaneOp.STORE, form, square[block], 0, new Source.Memory(RDX, block * blockBytes() + tile * form.bytes()));
        }
      }
    }
    a.lanes(LaneOp.STORE, form, before, 0, new Source.Memory(RCX, 0));
    a.addConstant(RSI, groupBytes());
    a.addConstant(RDX, groupBytes());
    a.addConstant(RCX, form.bytes());
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(group);
    a.returnFromVectors();
    return a.code();
  }

  private byte[] chain() {
    Assembler a = begin();
    a.load(R8, RDI, word(LINES));
    a.lanes(LaneOp.BROADCAST, form, 0, 0, new Source.Memory(RDI, word(STATE)));
    int line = a.here();
    a.load(RAX, RDI, word(COUNT));
    int block = a.here();
    a.lanes(LaneOp.BROADCAST, form, 1, 0, new Source.Memory(RSI, 0));
    a.lanes(LaneOp.STORE_FIRST, form, 0, 0, new Source.Memory(RCX, 0));
    a.lanes(op, form, 0, 0, new Source.Register(1));
    a.addConstant(RSI, form.laneBytes());
    a.addConstant(RCX, form.laneBytes());
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(block);
    a.subtractConstant(R8, 1);
    int end = a.jumpIfZero();
    a.lanes(LaneOp.BROADCAST, form, 0, 0, new Source.Constant(identity));
    a.jump(line);
    a.land(end);
    a.lanes(LaneOp.STORE_FIRST, form, 0, 0, new Source.Memory(RDI, word(STATE)));
    a.returnFromVectors();
    return a.code();
  }

  private byte[] carries(boolean streams) {
    Assembler a = begin();
    int block = a.here();
    a.lanes(LaneOp.BROADCAST, form, 0, 0, new Source.Memory(RCX, 0));
    for (int at = 0; at < blockBytes(); at += form.bytes()) {
      a.lanes(op, form, 1, 0, new Source.Memory(RSI, at));
      a.lanes(streams ? LaneOp.STREAM : LaneOp.STORE, form, 1, 0, new Source.Memory(RDX, at), ALL, false);
    }
    a.addConstant(RSI, blockBytes());
    a.addConstant(RDX, blockBytes());
    a.addConstant(RCX, form.laneBytes());
    a.subtractConstant(RAX, 1);
    a.jumpIfNotZero(block);
    if (streams) {
      a.storeFence();
    }
    a.returnFromVectors();
    return a.code();
  }
}
