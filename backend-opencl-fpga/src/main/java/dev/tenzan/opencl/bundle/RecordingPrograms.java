package dev.tenzan.opencl.bundle;

import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.ProgramSource;

/** Notes every source before it asks another for the program: so a source is noted, too, where nobody has its program. */
public final class RecordingPrograms implements ProgramSource {
  private final Recording recording;
  private final ProgramSource inner;

  /** Notes what {@code inner} is asked for. */
  public RecordingPrograms(Recording recording, ProgramSource inner) {
    this.recording = recording;
    this.inner = inner;
  }

  @Override
  public Loaded load(KernelSource source) {
    recording.add(source);
    return inner.load(source);
  }

  @Override
  public void close() {
    inner.close();
  }
}
