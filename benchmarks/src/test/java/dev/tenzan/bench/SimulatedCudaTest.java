package dev.tenzan.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tenzan.Device;
import dev.tenzan.Devices;
import dev.tenzan.Slice;
import dev.tenzan.TensorScope;
import dev.tenzan.nn.Recipe;
import dev.tenzan.nn.Trainer;
import dev.tenzan.nn.TrainingListener;
import dev.tenzan.nn.TrainingResult;
import dev.tenzan.nn.data.Dataset;
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

  @Test
  void itIsListedAndNotAmongTheDevicesThatNeedNoName() {
    assertEquals("cuda:sim:0", Devices.get("cuda:sim").name());
    assertFalse(Devices.all().stream().anyMatch(d -> d.name().startsWith("cuda:sim")));
    assertFalse(Devices.current().name().startsWith("cuda:sim"));
    assertTrue(Devices.backends().stream().flatMap(b -> b.devices().stream()).anyMatch(d -> d.name().equals("cuda:sim:0")));
  }
}
