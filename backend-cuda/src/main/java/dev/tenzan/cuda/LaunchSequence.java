package dev.tenzan.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Launches of a program in order, and the addresses that each was given. Guarded by its device. */
final class LaunchSequence {
  private final List<CudaKernel> kernels = new ArrayList<>();
  private final List<long[]> addresses = new ArrayList<>();

  /** Whether some were launched before the last had come: then it is no whole program. */
  private boolean broken;

  /** Why some of them were not launched; the others must not be launched again. */
  private @Nullable RuntimeException failed;

  /** Adds a launch; the addresses are its own from now on. */
  void add(CudaKernel kernel, long[] given) {
    checkWhole();
    kernels.add(kernel);
    addresses.add(given);
  }

  /** How many kernels a device is given for them. */
  int launches() {
    return kernels.stream().mapToInt(k -> k.launches().size()).sum();
  }

  boolean isBroken() {
    return broken;
  }

  /** What an error is about. */
  String name() {
    return kernels.isEmpty() ? "launch" : kernels.getFirst().kernel().name();
  }

  /** Gives all to somebody, and forgets them: more may follow. */
  void drain(Launcher launcher) {
    broken = true;
    try {
      forEach(launcher);
    } catch (RuntimeException e) {
      failed = e;
      throw e;
    }
    kernels.clear();
    addresses.clear();
  }

  private void checkWhole() {
    RuntimeException e = failed;
    if (e != null) {
      throw e;
    }
  }

  void forEach(Launcher launcher) {
    checkWhole();
    for (int i = 0; i < kernels.size(); i++) {
      launcher.launch(kernels.get(i), addresses.get(i));
    }
  }

  /** Takes a launch. */
  @FunctionalInterface
  interface Launcher {
    /** Puts a kernel's launches into the stream. */
    void launch(CudaKernel kernel, long[] addresses);
  }

  /** Whether another one does the same at the same addresses. */
  boolean isSame(LaunchSequence other) {
    if (other.kernels.size() != kernels.size()) {
      return false;
    }
    for (int i = 0; i < kernels.size(); i++) {
      if (other.kernels.get(i) != kernels.get(i) || !Arrays.equals(other.addresses.get(i), addresses.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** A number that is another one for most others. */
  long fingerprint() {
    long h = kernels.size();
    for (long[] a : addresses) {
      for (long address : a) {
        h = (h ^ address) * 0x9E3779B97F4A7C15L;
        h ^= h >>> 32;
      }
    }
    return h;
  }
}
