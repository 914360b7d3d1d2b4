package dev.tenzan.opencl.aparapi;

import com.aparapi.Config;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Listens to Aparapi's log during a launch: a reason to leave the device is nowhere else. */
final class Reasons extends Handler implements AutoCloseable {
  private static final Logger LOGGER = Logger.getLogger(Config.getLoggerName());

  private final Thread thread = Thread.currentThread();
  private @Nullable String first;

  Reasons() {
    LOGGER.addHandler(this);
  }

  /** The first warning of the launch, if any was logged. */
  @Nullable String first() {
    return first;
  }

  @Override
  public void publish(LogRecord entry) {
    if (first == null && Thread.currentThread().equals(thread) && entry.getLevel().intValue() >= Level.WARNING.intValue()) {
      first = entry.getMessage();
    }
  }

  @Override
  public void flush() {
    // nothing is held back
  }

  @Override
  public void close() {
    LOGGER.removeHandler(this);
  }
}
