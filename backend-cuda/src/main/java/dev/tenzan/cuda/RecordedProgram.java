package dev.tenzan.cuda;

import dev.tenzan.cuda.driver.CudaDriver;
import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
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

  /** Whether there was no memory for a record: the launches, which were made without one, need none. */
  private boolean unrecorded;

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
    Record known = records.all.stream().filter(r -> r.sequence.isSame(sequence)).findFirst().orElse(null);
    if (known == null && (unrecorded || isNew(sequence.fingerprint()))) {
      sequence.forEach(launcher);
      return;
    }
    try {
      Record it = known == null ? record(sequence, driver, stream, launcher) : known;
      driver.launch(stream, it.graph);
    } catch (DriverError e) {
      if (!ErrorCodes.isMemory(e.code())) {
        throw e;
      }
      unrecorded = true;
      records.release(driver);
      sequence.forEach(launcher);
    }
  }

  /** Whether a sequence did not come lately; it is remembered then. */
  private boolean isNew(long fingerprint) {
    if (seen.remove(fingerprint)) {
      return false;
    }
    seen.addFirst(fingerprint);
    if (seen.size() > REMEMBERED) {
      seen.removeLast();
    }
    return true;
  }

  private Record record(LaunchSequence sequence, CudaDriver driver, CudaDriver.Stream stream, LaunchSequence.Launcher launcher) {
    driver.beginCapture(stream);
    try {
      sequence.forEach(launcher);
    } catch (RuntimeException | Error e) {
      try {
        driver.release(driver.endCapture(stream));
      } catch (DriverError again) {
        e.addSuppressed(again);
      }
      throw e;
    }
    Record made = new Record(sequence, driver.endCapture(stream));
    records.all.addFirst(made);
    if (records.all.size() > MOST_RECORDS) {
      driver.release(records.all.removeLast().graph);
    }
    return made;
  }
}
