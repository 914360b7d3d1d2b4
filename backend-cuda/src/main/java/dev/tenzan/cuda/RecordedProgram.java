package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.spi.Replay;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The launches of one program, recorded as a CUDA graph once they come at addresses at which they came before, and from then on launched at
 * once. A program's buffers come from a pool, which gives the same ones again and again; where it does not, the launches are made one by
 * one, as they would be without a record.
 */
final class RecordedProgram implements Replay {
  /** The records of a program, and the sequences that it remembers: parameters that are trained take turns between two places or more. */
  private static final int MOST_RECORDS = 4;

  private static final int REMEMBERED = 8;

  private final CudaDevice device;
  private final Deque<Long> seen = new ArrayDeque<>();
  private final Records records = new Records();

  /** What is to be released when the program is gone. */
  static final class Records {
    private final List<Record> all = new ArrayList<>();

    void release(CudaDriver driver) {
      all.forEach(r -> driver.release(r.graph));
      all.clear();
    }
  }

  private record Record(LaunchSequence sequence, CudaDriver.Graph graph) {}

  RecordedProgram(CudaDevice device) {
    this.device = device;
  }

  Records records() {
    return records;
  }

  @Override
  public void run(Runnable launches) {
    device.run(this, launches);
  }

  /** Launches a sequence; the device's lock is held. */
  void launch(LaunchSequence sequence, CudaDriver driver, CudaDriver.Stream stream, LaunchSequence.Launcher launcher) {
    for (Record r : records.all) {
      if (r.sequence.isSame(sequence)) {
        driver.launch(stream, r.graph);
        return;
      }
    }
    long fingerprint = sequence.fingerprint();
    if (!seen.remove(fingerprint)) {
      seen.addFirst(fingerprint);
      if (seen.size() > REMEMBERED) {
        seen.removeLast();
      }
      sequence.forEach(launcher);
      return;
    }
    Record made = new Record(sequence, record(sequence, driver, stream, launcher));
    records.all.addFirst(made);
    if (records.all.size() > MOST_RECORDS) {
      driver.release(records.all.removeLast().graph);
    }
    driver.launch(stream, made.graph);
  }

  private static CudaDriver.Graph record(
      LaunchSequence sequence, CudaDriver driver, CudaDriver.Stream stream, LaunchSequence.Launcher launcher) {
    driver.beginCapture(stream);
    try {
      sequence.forEach(launcher);
    } catch (RuntimeException e) {
      try {
        driver.release(driver.endCapture(stream));
      } catch (DriverError again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    return driver.endCapture(stream);
  }
}
