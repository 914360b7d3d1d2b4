package dev.tenzan.cuda.plan;

import dev.tenzan.cuda.ptx.LoopPlanner;
import dev.tenzan.kernel.LoopKernel;
import dev.tenzan.type.Affine;
import dev.tenzan.type.DType;
import dev.tenzan.type.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A plan that is put together of copies and of other plans, whose operands may be copies. */
final class Sequence {
  private final Style style;
  private final List<Long> temps = new ArrayList<>();
  private final List<long[]> tables = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  Sequence(Style style) {
    this.style = style;
  }

  /** A scratch buffer. */
  Arg temp(long bytes) {
    temps.add(bytes);
    return new Arg.Temp(temps.size() - 1);
  }

  /** Adds steps whose scratch buffers are those of this sequence. */
  void add(List<Step> more) {
    steps.addAll(more);
  }

  /** The number of scratch buffers so far. */
  int temps() {
    return temps.size();
  }

  /** Adds a plan; {@code slot} says what it has for a buffer of the launch. */
  private void add(Plan plan, int firstTemp, UnaryOperator<Arg> slot) {
    int firstTable = tables.size();
    for (int i = 0; i < plan.temps().size(); i++) {
      if (firstTemp + i == temps.size()) {
        temps.add(0L);
      }
      temps.set(firstTemp + i, Math.max(temps.get(firstTemp + i), plan.temps().get(i)));
    }
    tables.addAll(plan.tables());
    UnaryOperator<Arg> here =
        arg ->
            switch (arg) {
              case Arg.Slot _ -> slot.apply(arg);
              case Arg.Temp t -> new Arg.Temp(firstTemp + t.index());
              case Arg.Table t -> new Arg.Table(firstTable + t.index());
              default -> arg;
            };
    plan.steps().forEach(s -> steps.add(s.with(here)));
  }

  /**
   * Adds a plan of two operands and a result.
   *
   * @param firstTemp the scratch buffer that is its first: it may share those of another whose work is done
   */
  void add(Plan plan, int firstTemp, Arg first, Arg second, Arg result) {
    Arg[] slots = {first, second, result};
    add(plan, firstTemp, arg -> slots[((Arg.Slot) arg).index()]);
  }

  /**
   * Adds a copy, which may convert floats.
   *
   * @param space the extents that are walked, in the order of {@code to}
   * @param read where elements lie in {@code from}
   * @param written where they go
   */
  void copy(Shape space, DType type, Arg from, Affine read, DType as, Arg to, Affine written) {
    LoopKernel copy = LoopKernel.copy(space, type, read, as, written);
    add(LoopPlanner.plan(copy, style), temps(), arg -> ((Arg.Slot) arg).index() == 0 ? from : to);
  }

  Plan plan(List<Long> bytes) {
    return behind(null, bytes);
  }

  /** The plan whose launches come behind what a library does. */
  Plan behind(@Nullable LibraryWork work, List<Long> bytes) {
    return new Plan(bytes, temps, tables, steps, null, work);
  }
}
