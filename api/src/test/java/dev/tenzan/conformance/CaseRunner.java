package dev.tenzan.conformance;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.error.UnsupportedKernelException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs cases on one device. Each result is compared with the oracle's within the case's tolerance, and (save where the case's numerics
 * leave the bits free) bit for bit with the reference backend's for dense inputs, so all layouts of an input must give the same bits too. Buffers are guarded, and no bytes may stay live.
 */
final class CaseRunner {
  /** The seed from which the values of all cases are made. */
  static final long SEED = Long.getLong("tenzan.test.seed", 20_260_101);

  /** {@code -Dtenzan.conformance.guards=off} is for tools that watch accesses themselves, which guards and patterns would hide from them. */
  private static final boolean GUARDS = !System.getProperty("tenzan.conformance.guards", "on").equals("off");

  private final Device device;
  private final Device reference = Devices.get("reference");

  CaseRunner(Device device) {
    this.device = GUARDS ? Devices.wrapped(device, GuardedBackend::new) : device;
  }

  /** How a check ended. */
  enum Status {
    PASSED,
    FAILED,
    SKIPPED
  }

  /**
   * The end of one check.
   *
   * @param status how it ended
   * @param message the case, and what is wrong or missing; empty where it passed
   */
  record Outcome(Status status, String message) {
    static final Outcome PASSED = new Outcome(Status.PASSED, "");
  }

  /** What a case must give for some inputs. */
  private record Expected(List<HostArray> inputs, HostArray exact, HostArray bits) {}

  /** Runs a case with dense inputs, and (where {@code all} holds) in every other layout that its shapes allow. */
  List<Outcome> run(OpCase c, boolean all) {
    List<HostArray> inputs = c.arrays();
    List<Outcome> outcomes = new ArrayList<>();
    Expected expected;
    try {
      expected = expect(c, inputs);
    } catch (RuntimeException | AssertionError e) {
      return List.of(new Outcome(Status.FAILED, c.name() + " on the reference backend: " + e));
    }
    outcomes.add(check(c, InputLayout.CONTIGUOUS, expected));
    for (InputLayout layout : InputLayout.others()) {
      boolean applies = all && c.inputs().stream().anyMatch(in -> layout.applies(in.shape()));
      if (applies && outcomes.getFirst().status() == Status.PASSED) {
        outcomes.add(check(c, layout, layout == InputLayout.BROADCAST ? null : expected));
      }
    }
    if (all && outcomes.getFirst().status() == Status.PASSED && isAliasable(c)) {
      outcomes.add(shared(c, inputs.getFirst()));
    }
    return outcomes;
  }

  private Expected expect(OpCase c, List<HostArray> inputs) {
    HostArray bits = evaluate(c, inputs, InputLayout.CONTIGUOUS, reference);
    return new Expected(inputs, c.oracle().apply(inputs), bits);
  }

  private static HostArray evaluate(OpCase c, List<HostArray> values, InputLayout layout, Device device) {
    try (TensorScope _ = TensorScope.open()) {
      List<Tensor> inputs = new ArrayList<>();
      for (int i = 0; i < values.size(); i++) {
        inputs.add(layout.upload(values.get(i), i, device));
      }
      return HostArray.download(c.function().apply(inputs));
    }
  }

  private Outcome check(OpCase c, InputLayout layout, @Nullable Expected dense) {
    return guarded(c, layout.name().toLowerCase(java.util.Locale.ROOT), () -> {
      Expected e = dense;
      if (e == null) {
        List<HostArray> values = c.arrays();
        for (int i = 0; i < values.size(); i++) {
          values.set(i, layout.values(values.get(i), i));
        }
        e = expect(c, values);
      }
      compare(c, e, evaluate(c, e.inputs(), layout, device));
    });
  }

  /** Whether one tensor can stand for all inputs. */
  private static boolean isAliasable(OpCase c) {
    return c.inputs().size() > 1 && c.inputs().stream().allMatch(c.inputs().getFirst()::equals);
  }

  private Outcome shared(OpCase c, HostArray only) {
    return guarded(c, "shared", () -> {
      List<HostArray> values = c.inputs().stream().map(_ -> only).toList();
      Expected e = expect(c, values);
      try (TensorScope _ = TensorScope.open()) {
        Tensor t = only.upload(device);
        compare(c, e, HostArray.download(c.function().apply(values.stream().map(_ -> t).toList())));
      }
    });
  }

  private Outcome guarded(OpCase c, String layout, Runnable check) {
    long before = device.memory().liveBytes();
    String name = c.name() + " " + layout;
    try {
      check.run();
    } catch (UnsupportedKernelException e) {
      return new Outcome(Status.SKIPPED, name + ": " + e.getMessage());
    } catch (RuntimeException | AssertionError e) {
      return new Outcome(Status.FAILED, name + ": " + e + " (seed " + SEED + ")");
    }
    long left = device.memory().liveBytes() - before;
    return left > 0
        ? new Outcome(Status.FAILED, name + ": leaves " + left + " more bytes live than before")
        : Outcome.PASSED;
  }

  private static void compare(OpCase c, Expected e, HostArray actual) {
    HostArray exact = e.exact();
    if (actual.dtype() != exact.dtype() || !actual.shape().equals(exact.shape())) {
      throw new AssertionError(
          "is " + actual.dtype() + actual.shape() + ", expected " + exact.dtype() + exact.shape());
    }
    BiConsumer<Integer, String> wrong = (i, what) -> {
      throw new AssertionError(
          "element " + i + " of " + actual.shape() + " is " + actual.show(i) + ", " + what + operands(e, i, exact));
    };
    for (int i = 0; i < actual.size(); i++) {
      boolean near =
          exact.dtype().isFloat()
              ? c.tolerance().accepts(exact.dtype(), exact.real(i), actual.real(i))
              : exact.integer(i) == actual.integer(i);
      if (!near) {
        wrong.accept(i, "expected " + exact.show(i) + " within " + c.tolerance());
      }
      if (c.numerics().isReproducible() && !actual.sameBits(e.bits(), i)) {
        wrong.accept(i, "the reference backend gives " + e.bits().show(i));
      }
    }
  }

  /** The operands of an element, where the operation is elementwise. */
  private static String operands(Expected e, int i, HostArray exact) {
    StringBuilder text = new StringBuilder();
    for (HostArray in : e.inputs()) {
      if (in.shape().equals(exact.shape())) {
        text.append(text.isEmpty() ? "; operands " : ", ").append(in.show(i));
      }
    }
    return text.toString();
  }
}
