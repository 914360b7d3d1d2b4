package dev.tenzan.cuda.sim;

import java.util.Set;

/** Turns one operation into instructions, by the family that its opcode belongs to. */
final class Decoder {
  private final Lowering to;
  private final IntegerDecoder integers;
  private final BitDecoder bits;
  private final FloatDecoder floats;
  private final ConvertDecoder conversions;
  private final PredicateDecoder predicates;
  private final MemoryDecoder memory;
  private final FlowDecoder flow;
  private final MatrixDecoder matrices;

  Decoder(Lowering to) {
    this.to = to;
    this.integers = new IntegerDecoder(to);
    this.bits = new BitDecoder(to);
    this.floats = new FloatDecoder(to);
    this.conversions = new ConvertDecoder(to);
    this.predicates = new PredicateDecoder(to);
    this.memory = new MemoryDecoder(to);
    this.flow = new FlowDecoder(to);
    this.matrices = new MatrixDecoder(to);
  }

  void decode(Statement.Operation op) {
    Type type = op.lastType();
    switch (op.opcode()) {
      case "add", "sub", "mul", "mad", "div", "rem", "abs", "neg", "min", "max", "fma", "rcp", "sqrt", "copysign" -> {
        if (type != null && (type.isFloat() || type == Type.F16X2 || type == Type.BF16X2)) {
          floats.decode(op, type);
        } else {
          integers.decode(op, type(op));
        }
      }
      case "addc", "subc", "madc", "mul24", "mad24", "sad", "dp4a", "dp2a" -> integers.decode(op, type(op));
      case "and", "or", "xor", "not", "cnot" -> {
        if (type == Type.PRED) {
          predicates.logic(op);
        } else {
          bits.decode(op, type(op));
        }
      }
      case "shl", "shr", "shf", "lop3", "bfe", "bfi", "bfind", "brev", "popc", "clz", "prmt", "szext", "bmsk" -> bits.decode(op, type(op));
      case "mov" -> {
        if (type == Type.PRED) {
          predicates.logic(op);
        } else {
          conversions.move(op, type(op));
        }
      }
      case "cvt" -> conversions.convert(op);
      case "setp", "set", "selp", "slct", "testp" -> predicates.decode(op, type(op));
      case "ld", "ldu", "st", "atom", "red", "cvta", "isspacep", "prefetch", "prefetchu", "cp", "applypriority", "discard" ->
          memory.decode(op);
      case "mma", "ldmatrix" -> matrices.decode(op);
      default -> flow.decode(op);
    }
  }

  private Type type(Statement.Operation op) {
    Type t = op.lastType();
    if (t == null) {
      throw to.error("the instruction has no type that is understood");
    }
    return t;
  }

  /** Finds modifiers beyond a type's name that the simulated device does not know, which must never be passed over. */
  static void allow(Statement.Operation op, Set<String> known) {
    for (String m : op.modifiers()) {
      if (Type.named(m) == null && !known.contains(m)) {
        throw new Lowering.Unsupported();
      }
    }
  }

  /** Finds operations that have another number of operands. */
  static void count(Lowering to, Statement.Operation op, int operands) {
    if (op.operands().size() != operands) {
      throw to.error(op.opcode() + " takes " + operands + " operands here, not " + op.operands().size());
    }
  }
}
