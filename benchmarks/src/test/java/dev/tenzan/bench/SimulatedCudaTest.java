package dev.tenzan.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Random;
import dev.tenzan.Slice;
import dev.tenzan.Tensor;
import dev.tenzan.TensorScope;
import dev.tenzan.nn.Context;
import dev.tenzan.nn.Dense;
import dev.tenzan.nn.Gradients;
import dev.tenzan.nn.Initializer;
import dev.tenzan.nn.Losses;
import dev.tenzan.nn.Recipe;
import dev.tenzan.nn.RingAllReduce;
import dev.tenzan.nn.Sgd;
import dev.tenzan.nn.Trainer;
import dev.tenzan.nn.TrainingListener;
import dev.tenzan.nn.TrainingResult;
import dev.tenzan.nn.data.Dataset;
import dev.tenzan.type.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The simulated CUDA device in whole programs: it computes the cpu's bits, and nobody gets it who does not ask for it. */
class SimulatedCudaTest {
  private static Dataset first(Dataset all, long count) {
    return new Dataset(all.samples().slice(Slice.to(count)), all.labels().slice(Slice.to(count)), all.classes(), 16);
  }

  /** Two steps of the digits recipe, {@code ./tenzan train digits}, and a look at the result. */
  private static TrainingResult train(Device device) {
    try (TensorScope _ = TensorScope.open()) {
      Recipe recipe = Recipe.digits(device, 3, 1);
      Trainer trainer = new Trainer(recipe.model(), recipe.optimizer(), new Trainer.Options(1, 10, 7, true));
      return trainer.train(first(recipe.data().train(), 20), first(recipe.data().test(), 10), TrainingListener.SILENT);
    }
  }

  @Test
  void trainingHasTheBitsOfTheCpu() {
    TrainingResult expected = train(Devices.get("cpu"));
    TrainingResult actual = train(Devices.get("cuda:sim"));
    assertTrue(Float.isFinite(expected.loss()) && expected.loss() > 0, "loss " + expected.loss());
    assertEquals(Integer.toHexString(Float.floatToRawIntBits(expected.loss())), Integer.toHexString(Float.floatToRawIntBits(actual.loss())));
    assertEquals(expected.accuracy(), actual.accuracy());
  }

  /** A linear model and its half of a batch, on one device. */
  private record Replica(Dense model, Sgd optimizer, Tensor inputs, Tensor targets) {
    static Replica on(Device device, long from, long to) {
      Dense model = new Dense("dense", device, new Random(5), 6, 3, Initializer.GLOROT_UNIFORM);
      Tensor inputs = device.randomNormal(DType.F32, 9, 8, 6).slice(Slice.of(from, to));
      Tensor targets = device.arange(DType.I64, 8).remainder(3).slice(Slice.of(from, to));
      return new Replica(model, new Sgd(model.parameters(), 0.1), inputs, targets);
    }

    /** The gradients of its part of the batch's mean loss. */
    List<Tensor> gradients() {
      return Gradients.of(
              () -> Losses.softmaxCrossEntropy(model.apply(inputs, Context.inference()), targets).mul(inputs.dim(0) / 8.0),
              optimizer.tensors())
          .gradients();
    }
  }

  @Test
  void twoDevicesTrainOneModelInHalves() {
    try (TensorScope _ = TensorScope.open()) {
      List<Replica> halves = List.of(Replica.on(Devices.get("cuda:sim:0"), 0, 4), Replica.on(Devices.get("cuda:sim:1"), 4, 8));
      Replica whole = Replica.on(Devices.get("cpu"), 0, 8);
      for (int step = 0; step < 3; step++) {
        List<List<Tensor>> parts = halves.stream().map(Replica::gradients).toList();
        List<List<Tensor>> sums = List.of(new ArrayList<>(), new ArrayList<>());
        for (int p = 0; p < parts.getFirst().size(); p++) {
          List<Tensor> sum = RingAllReduce.sum(List.of(parts.get(0).get(p), parts.get(1).get(p)));
          sums.get(0).add(sum.get(0));
          sums.get(1).add(sum.get(1));
        }
        halves.get(0).optimizer().step(sums.get(0));
        halves.get(1).optimizer().step(sums.get(1));
        whole.optimizer().step(whole.gradients());
      }
      float[] first = halves.get(0).optimizer().tensors().getFirst().toFloats();
      assertArrayEquals(first, halves.get(1).optimizer().tensors().getFirst().toFloats()); // bit for bit
      float[] expected = whole.optimizer().tensors().getFirst().toFloats();
      assertArrayEquals(expected, first, 1e-6f); // another order of the sum over the batch, 8 terms of magnitude 1
      assertNotEquals(Replica.on(Devices.get("cpu"), 0, 8).optimizer().tensors().getFirst().toFloats()[0], expected[0]);
    }
  }

  @Test
  void aRingOfAnySizeSumsInItsOrder() {
    Device cpu = Devices.get("cpu");
    try (TensorScope _ = TensorScope.open()) {
      for (int n = 1; n <= 4; n++) {
        List<Tensor> parts = new ArrayList<>();
        for (int d = 0; d < n; d++) {
          parts.add(Devices.wrapped(cpu, b -> b).randomNormal(DType.F32, d, 2, 5));
        }
        List<Tensor> sums = RingAllReduce.sum(parts);
        float[] expected = new float[10];
        for (int p = 0; p < n; p++) {
          for (int i = 10 * p / n; i < 10 * (p + 1) / n; i++) {
            for (int d = 0; d < n; d++) {
              float x = parts.get((p + d) % n).toFloats()[i];
              expected[i] = d == 0 ? x : expected[i] + x;
            }
          }
        }
        for (int d = 0; d < n; d++) {
          assertSame(parts.get(d).device(), sums.get(d).device());
          assertArrayEquals(expected, sums.get(d).toFloats(), "device " + d + " of " + n);
        }
      }
    }
  }

  @Test
  void itIsListedAndNotAmongTheDevicesThatNeedNoName() {
    assertEquals("cuda:sim:0", Devices.get("cuda:sim").name());
    assertFalse(Devices.all().stream().anyMatch(d -> d.name().startsWith("cuda:sim")));
    assertFalse(Devices.current().name().startsWith("cuda:sim"));
    assertTrue(Devices.backends().stream().flatMap(b -> b.devices().stream()).anyMatch(d -> d.name().equals("cuda:sim:0")));
  }
}
