package dev.tenzan.cpu.loop;

import static dev.tenzan.cpu.machine.Assembler.ALL;
import static dev.tenzan.cpu.machine.Assembler.RAX;
import static dev.tenzan.cpu.machine.Assembler.RCX;
import static dev.tenzan.cpu.machine.Assembler.RDI;
import static dev.tenzan.cpu.machine.Assembler.RDX;

import dev.tenzan.cpu.loop.MachineLoop.Pointer;
import dev.tenzan.cpu.machine.Assembler;
import dev.tenzan.cpu.machine.LaneOp;
import dev.tenzan.cpu.machine.MaskOp;
import dev.tenzan.cpu.machine.Shift;
import dev.tenzan.cpu.machine.Source;
import dev.tenzan.cpu.machine.VectorForm;
import dev.tenzan.cpu.machine.VectorOp;
import dev.tenzan.cpu.machine.VectorSet;
import dev.tenzan.scalar.Instr;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;

/**
 * The loads and stores of a body's machine code. What they are relative to lies among the arguments, and in registers as far as there are
 * some; RCX is the column that a group of vectors begins at.
 */
final class MachineMemory {
  /** The bits of a byte's place in a lane of 32 bits. */
  private static final int BYTE = Integer.SIZE - Byte.SIZE;

  private final Assembler a;
  private final int lanes;

  /** Whether the arguments have masks for every other element of a row's tail: not where a reduction's vectors have masks of their own. */
  private final boolean knowsTail;

  private boolean readsTail;
  private final List<Pointer> streamed = new ArrayList<>();
  private final List<Pointer> pointers = new ArrayList<>();
  private final List<MachineLoop.Strided> strided = new ArrayList<>();
  private final List<Instr.Gather> gathers = new ArrayList<>();
  private final List<Integer> failures = new ArrayList<>();
  private final int[] registers;

  // Of the point that is written at present: the mask of its lanes, and how far it is from the group's first column.
  private int mask = ALL;
  private int column;

  /**
   * Takes what a body touches.
   *
   * @param registers the general registers that may keep pointers
   * @param streams whether whole vectors are stored past the caches
   */
  MachineMemory(LoopBody body, VectorSet set, Assembler a, int lanes, List<Integer> registers, boolean streams) {
    this.a = a;
    this.lanes = lanes;
    this.knowsTail = set.hasMaskRegisters() && body.outs().stream().noneMatch(o -> o instanceof LoopBody.ToLanes);
    this.registers = registers.stream().mapToInt(Integer::intValue).toArray();
    for (Instr i : body.code()) {
      if (i instanceof Instr.Load l) {
        add(pointer(l));
        if (LoopBody.move(l.address()) == LoopBody.STRIDED) {
          strided.add(new MachineLoop.Strided(LoopBody.number(l.address()), l.storage().byteSize()));
        }
      } else if (i instanceof Instr.Gather g) {
        add(pointer(g));
        gathers.add(g);
      } else if (i instanceof Instr.Index x) {
        add(pointer(x));
      }
    }
    for (LoopBody.Out out : body.outs()) {
      if (out instanceof LoopBody.ToMemory m) {
        add(pointer(m));
        if (streams && m.move() == LoopBody.UNIT && lanes * m.storage().byteSize() == set.bytes()) {
          streamed.add(pointer(m));
        }
      }
    }
  }

  /** What is stored past the caches, at multiples of a vector's size. */
  List<Pointer> streamed() {
    return streamed;
  }

  private void add(Pointer pointer) {
    if (!pointers.contains(pointer)) {
      pointers.add(pointer);
    }
  }

  private static Pointer pointer(Instr.Load l) {
    return new Pointer(l.slot(), LoopBody.number(l.address()));
  }

  private static Pointer pointer(Instr.Gather g) {
    return new Pointer(g.slot(), LoopBody.number(g.address()));
  }

  private static Pointer pointer(Instr.Index x) {
    return new Pointer(MachineLoop.INDEX, LoopBody.number(x.value()));
  }

  private static Pointer pointer(LoopBody.ToMemory m) {
    return new Pointer(m.buffer(), m.address());
  }

  /** What the arguments have pointers to. */
  List<Pointer> pointers() {
    return pointers;
  }

  /** The loads whose elements are some distance apart. */
  List<MachineLoop.Strided> strided() {
    return strided;
  }

  /** Whether the code that was written reads the masks for a row's tail in some order. */
  boolean readsTail() {
    return readsTail;
  }

  /** For each gather the number of its first parameter. */
  int[] gathers() {
    return gathers.stream().mapToInt(g -> (int) g.stride()).toArray();
  }

  /** Whether there is machine code for a gather: of anything where the index is that of a whole row, or of numbers that are computed with as they lie. */
  static boolean gathers(Instr.Gather g, boolean ofRow) {
    int move = LoopBody.move(g.address());
    return (move == LoopBody.UNIT || move == LoopBody.FIXED) && (ofRow || PassPlan.isComputeType(g.storage()));
  }

  /** Whether there is machine code for a load at an address that moves so: elements two apart are taken out of whole vectors. */
  static boolean loads(DType storage, Affine address) {
    return switch (LoopBody.move(address)) {
      case LoopBody.UNIT, LoopBody.FIXED -> true;
      case LoopBody.PAIRS, LoopBody.REPEATED -> storage == DType.F32 || storage == DType.I32;
      case LoopBody.STRIDED -> PassPlan.isComputeType(storage);
      default -> false;
    };
  }

  private static int word(int number) {
    return number * Long.BYTES;
  }

  /** Emits the start of a row. */
  void startRow() {
    for (int p = 0; p < Math.min(pointers.size(), registers.length); p++) {
      a.load(registers[p], RDI, word(Pointer.word(p, 0)));
    }
    seek(ALL, 0);
  }

  /** Emits the way to the next row. */
  void nextRow() {
    for (int p = 0; p < pointers.size(); p++) {
      a.load(RAX, RDI, word(Pointer.word(p, 1)));
      a.addToMemory(RDI, word(Pointer.word(p, 0)), RAX);
    }
  }

  /** Lets what follows be about a vector of points. */
  void seek(int lanesMask, int columnOfGroup) {
    mask = lanesMask;
    column = columnOfGroup;
  }

  /** The current point's mask. */
  int mask() {
    return mask;
  }

  /** The vector of its group that the current point is. */
  int vectorOfGroup() {
    return column / lanes;
  }

  /** The register with a pointer; those that have none of their own are loaded each time. */
  private int base(Pointer pointer) {
    int p = pointers.indexOf(pointer);
    if (p < registers.length) {
      return registers[p];
    }
    a.load(RAX, RDI, word(Pointer.word(p, 0)));
    return RAX;
  }

  /** The current point's place in an array. */
  Source.Memory inArray(int base, DType type) {
    return new Source.Memory(base, RCX, type.byteSize(), column * type.byteSize());
  }

  // Loads and stores.

  /** Emits a load, and returns the register: a mask for BOOL. */
  int load(MachineValues values, Instr.Load load, boolean ofRow) {
    if (ofRow) {
      return forAll(values, load.storage(), new Source.Memory(base(pointer(load)), 0));
    }
    int move = LoopBody.move(load.address());
    if (move == LoopBody.UNIT) {
      return elements(values, load.storage(), inArray(base(pointer(load)), load.storage()));
    }
    int bytes = load.storage().byteSize();
    if (move == LoopBody.STRIDED) {
      return strided(values, load);
    }
    int step = move == LoopBody.PAIRS ? 2 * bytes : bytes / 2;
    if (mask != ALL && !knowsTail) {
      Source.Memory from = from(load, step, 0);
      return gathered(values, from, lane -> move == LoopBody.PAIRS ? lane * 2L * bytes : lane / 2 * bytes);
    }
    return move == LoopBody.PAIRS ? pairs(values, load) : repeated(values, load);
  }

  /** The current point's place in memory, and so many bytes behind, where columns are so many bytes apart. */
  private Source.Memory from(Instr.Load load, int step, int behind) {
    return new Source.Memory(base(pointer(load)), RCX, step, column * step + behind);
  }

  /** Every other element: out of two vectors, the second of which ends at the last element that is wanted. */
  private int pairs(MachineValues values, Instr.Load load) {
    VectorForm form = values.form(DType.I32);
    int bytes = load.storage().byteSize();
    int to = values.vectors.take();
    int places = values.vectors.take();
    int behind = (lanes - 1) * bytes;
    a.everyOtherPlaces(form, places);
    if (mask == ALL) {
      a.lanes(LaneOp.LOAD, form, to, 0, from(load, 2 * bytes, 0));
      a.everyOther(form, to, from(load, 2 * bytes, behind), places);
    } else {
      int second = values.vectors.take();
      int k = values.masks.take();
      setMask(k, MachineLoop.EVERY_OTHER);
      a.lanes(LaneOp.LOAD, form, to, 0, from(load, 2 * bytes, 0), k, true);
      setMask(k, MachineLoop.EVERY_OTHER_BEHIND);
      a.lanes(LaneOp.LOAD, form, second, 0, from(load, 2 * bytes, behind), k, true);
      a.everyOther(form, to, MachineValues.register(second), places);
      values.masks.free(k);
      values.vectors.free(second);
    }
    values.vectors.free(places);
    return to;
  }

  /** Sets a mask to that of the row's tail in some order, which lies among the arguments. */
  private void setMask(int k, int argument) {
    readsTail = true;
    a.load(RAX, RDI, word(argument));
    a.maskFromRegister(k, RAX);
  }

  /** Each element twice. */
  private int repeated(MachineValues values, Instr.Load load) {
    VectorForm form = values.form(DType.I32);
    VectorForm half = new VectorForm(false, lanes / 2);
    int bytes = load.storage().byteSize();
    int to = values.vectors.take();
    int places = values.vectors.take();
    if (mask == ALL) {
      a.lanes(LaneOp.LOAD, half, to, 0, from(load, bytes / 2, 0));
    } else {
      int k = values.masks.take();
      setMask(k, MachineLoop.HALF);
      a.lanes(LaneOp.LOAD, half, to, 0, from(load, bytes / 2, 0), k, true);
      values.masks.free(k);
    }
    a.lanes(LaneOp.LOAD, form, places, 0, table(lane -> lane / 2));
    a.lanes(LaneOp.PERMUTE, form, to, places, MachineValues.register(to));
    values.vectors.free(places);
    return to;
  }

  /** Elements one by one, for the lanes of the mask. */
  private int gathered(MachineValues values, Source.Memory from, LongUnaryOperator distance) {
    int to = values.vectors.take();
    int distances = values.vectors.take();
    int k = values.masks.take();
    a.address(RAX, from);
    a.lanes(LaneOp.LOAD, values.form(DType.I32), distances, 0, table(distance));
    a.clear(to);
    a.copyMask(k, mask);
    a.gather(values.halved(), to, RAX, distances, k);
    values.masks.free(k);
    values.vectors.free(distances);
    return to;
  }

  /** Elements one by one, at any distance. */
  private int strided(MachineValues values, Instr.Load load) {
    int p = pointers.indexOf(pointer(load));
    VectorForm ints = values.form(DType.I32);
    int to = values.vectors.take();
    int distances = values.vectors.take();
    int k = values.masks.take();
    a.move(RAX, RCX);
    a.multiplyFromMemory(RAX, RDI, word(Pointer.word(p, 2)));
    a.addFromMemory(RAX, RDI, word(Pointer.word(p, 0)));
    a.lanes(LaneOp.BROADCAST, ints, distances, 0, new Source.Memory(RDI, word(Pointer.word(p, 2))));
    a.lanes(LaneOp.MULTIPLY_INTEGERS, ints, distances, distances, table(lane -> lane + column));
    a.clear(to);
    everyLane(k);
    if (load.storage().byteSize() == Long.BYTES) {
      a.gather(VectorOp.VPGATHERDQ, to, RAX, distances, k);
    } else {
      a.gather(values.halved(), to, RAX, distances, k);
    }
    values.masks.free(k);
    values.vectors.free(distances);
    return to;
  }

  private Source.Table table(LongUnaryOperator ofLane) {
    return new Source.Table(LongStream.range(0, lanes).map(ofLane).boxed().toList());
  }

  // Gathers. An index out of bounds ends the function before its last row.

  /** Lets a function that failed end here. */
  void landFailures() {
    failures.forEach(a::land);
  }

  /** The first word behind the arguments. */
  int behind() {
    return word(Pointer.word(pointers.size(), 0) + MachineLoop.GATHER * gathers.size());
  }

  private int wordOf(Instr.Gather g, int which) {
    return word(Pointer.word(pointers.size(), 0) + MachineLoop.GATHER * gathers.indexOf(g) + which);
  }

  /** Emits the address of the current row's elements, and keeps it among the arguments. */
  void placeGather(MachineValues values, Instr.Gather g) {
    Source.Memory room = new Source.Memory(RDI, wordOf(g, 2));
    a.lanes(LaneOp.STORE_FIRST, values.form(DType.I64), values.vector(g.index()), 0, room);
    a.load(RAX, RDI, wordOf(g, 2));
    a.compare(RAX, RDI, wordOf(g, 1));
    failures.add(a.jumpUnlessBelow());
    a.multiplyFromMemory(RAX, RDI, wordOf(g, 0));
    a.addFromMemory(RAX, RDI, word(Pointer.word(pointers.indexOf(pointer(g)), 0)));
    a.store(RAX, RDI, wordOf(g, 2));
  }

  /** Emits a gather, and returns the register: a mask for BOOL. */
  int gather(MachineValues values, Instr.Gather g, boolean ofRow, boolean indexOfRow) {
    if (ofRow) {
      placeGather(values, g);
      return forAll(values, g.storage(), new Source.Memory(RAX, 0));
    }
    if (indexOfRow) {
      a.load(RAX, RDI, wordOf(g, 2));
      return elements(values, g.storage(), inArray(RAX, g.storage()));
    }
    VectorForm longs = values.form(DType.I64);
    int index = values.vector(g.index());
    int to = values.vectors.take();
    int distances = values.vectors.take();
    int k = values.masks.take();
    a.lanes(LaneOp.BROADCAST, longs, distances, 0, new Source.Memory(RDI, wordOf(g, 1)));
    a.lanes(LaneOp.COMPARE_UNSIGNED, longs, k, index, MachineValues.register(distances), mask, false, MachineValues.INTEGERS_NOT_LESS);
    failures.add(a.jumpIfAny(k));
    a.lanes(LaneOp.BROADCAST, longs, distances, 0, new Source.Memory(RDI, wordOf(g, 0)));
    a.lanes(LaneOp.MULTIPLY_INTEGERS, longs, distances, index, MachineValues.register(distances));
    int base = base(pointer(g));
    a.move(RAX, base);
    int bytes = g.storage().byteSize();
    if (LoopBody.move(g.address()) == LoopBody.UNIT) {
      a.address(RAX, new Source.Memory(RAX, RCX, bytes, 0));
      a.lanes(LaneOp.ADD_INTEGERS, longs, distances, distances, table(lane -> (lane + column) * bytes));
    }
    everyLane(k);
    a.clear(to);
    a.gather(bytes == Long.BYTES ? VectorOp.VPGATHERQQ : VectorOp.VPGATHERQD, to, RAX, distances, k);
    values.masks.free(k);
    values.vectors.free(distances);
    return to;
  }

  /** Sets a mask to that of the current point. */
  private void everyLane(int k) {
    if (mask == ALL) {
      a.masks(MaskOp.XNOR, k, k, k);
    } else {
      a.copyMask(k, mask);
    }
  }

  /** Emits the load of a reduction's result. */
  int reduced(MachineValues values, Instr.Reduced r) {
    DType type = r.type() == DType.BOOL ? DType.I32 : r.type();
    int v = elements(values, type, inArray(RDX, type));
    return r.type() == DType.BOOL ? values.toMask(v) : v;
  }

  /** Emits the value of an index, as longs. */
  int index(MachineValues values, Instr.Index x, boolean ofRow) {
    VectorForm form = values.form(DType.I64);
    int to = values.vectors.take();
    int p = pointers.indexOf(pointer(x));
    Source.Memory first = new Source.Memory(RDI, word(Pointer.word(p, 0)));
    if (ofRow) {
      a.lanes(LaneOp.BROADCAST, form, to, 0, first);
      return to;
    }
    int other = values.vectors.take();
    a.move(RAX, RCX);
    a.broadcastLong(to, RAX);
    a.lanes(LaneOp.ADD_INTEGERS, form, to, to, table(lane -> lane + column));
    if (LoopBody.move(x.value()) == LoopBody.STRIDED) {
      a.lanes(LaneOp.BROADCAST, form, other, 0, new Source.Memory(RDI, word(Pointer.word(p, 2))));
      a.lanes(LaneOp.MULTIPLY_INTEGERS, form, to, to, MachineValues.register(other));
    }
    a.lanes(LaneOp.BROADCAST, form, other, 0, first);
    a.lanes(LaneOp.ADD_INTEGERS, form, to, to, MachineValues.register(other));
    values.vectors.free(other);
    return to;
  }

  private int elements(MachineValues values, DType storage, Source.Memory from) {
    int to = values.vectors.take();
    switch (storage) {
      case F32, I32, F64, I64 -> a.lanes(LaneOp.LOAD, values.form(storage), to, 0, from, mask, mask != ALL);
      case F16 -> a.extend(VectorOp.VCVTPH2PS, values.halved(), to, from, Short.BYTES, mask);
      case BF16 -> {
        a.extend(VectorOp.VPMOVZXWD, values.halved(), to, from, Short.BYTES, mask);
        a.shift(Shift.LEFT, values.form(DType.I32), to, MachineValues.register(to), MachineValues.WORD);
      }
      case I16 -> a.extend(VectorOp.VPMOVSXWD, values.halved(), to, from, Short.BYTES, mask);
      case I8 -> a.extend(VectorOp.VPMOVSXBD, values.halved(), to, from, 1, mask);
      case U8, BOOL -> a.extend(VectorOp.VPMOVZXBD, values.halved(), to, from, 1, mask);
    }
    return storage == DType.BOOL ? values.toMask(to) : to;
  }

  /** Loads one element for all lanes. */
  private int forAll(MachineValues values, DType storage, Source.Memory from) {
    int to = values.vectors.take();
    switch (storage) {
      case F32, I32, F64, I64 -> a.lanes(LaneOp.BROADCAST, values.form(storage), to, 0, from);
      case F16 -> {
        a.vector(VectorOp.VPBROADCASTW, values.halved(), to, from, ALL, false);
        a.vector(VectorOp.VCVTPH2PS, values.halved(), to, MachineValues.register(to), ALL, false);
      }
      case BF16, I16 -> {
        a.vector(VectorOp.VPBROADCASTW, values.halved(), to, from, ALL, false);
        if (storage == DType.I16) {
          a.shift(Shift.RIGHT_SIGNED, values.form(DType.I32), to, MachineValues.register(to), MachineValues.WORD);
        } else {
          a.shift(Shift.LEFT, values.form(DType.I32), to, MachineValues.register(to), MachineValues.WORD);
        }
      }
      case I8, U8, BOOL -> {
        a.vector(VectorOp.VPBROADCASTB, values.halved(), to, from, ALL, false);
        Shift shift = storage == DType.I8 ? Shift.RIGHT_SIGNED : Shift.RIGHT;
        a.shift(shift, values.form(DType.I32), to, MachineValues.register(to), BYTE);
      }
    }
    return storage == DType.BOOL ? values.toMask(to) : to;
  }

  /** Emits a store of the current point's value. */
  void store(MachineValues values, LoopBody.ToMemory out) {
    DType storage = out.storage();
    int v = out.value();
    Source.Memory to = inArray(base(pointer(out)), storage);
    switch (storage) {
      case F32, I32, F64, I64 -> {
        LaneOp op = mask == ALL && streamed.contains(pointer(out)) ? LaneOp.STREAM : LaneOp.STORE;
        a.lanes(op, values.form(storage), values.vector(v), 0, to, mask, false);
      }
      case F16, I16, I8, U8 -> {
        int t = values.vectors.take();
        if (storage == DType.F16) {
          a.storeHalves(values.halved(), values.vector(v), to, mask, t);
        } else {
          a.storeLower(values.halved(), values.vector(v), to, storage.byteSize(), mask, t);
        }
        values.vectors.free(t);
      }
      case BF16 -> {
        int t = values.vectors.take();
        a.shift(Shift.RIGHT, values.form(DType.I32), t, MachineValues.register(values.vector(v)), MachineValues.WORD);
        a.storeLower(values.halved(), t, to, Short.BYTES, mask, t);
        values.vectors.free(t);
      }
      case BOOL -> {
        int t = values.oneWhere(values.mask(v), DType.I32);
        a.storeLower(values.halved(), t, to, 1, mask, t);
        values.vectors.free(t);
      }
    }
  }
}
