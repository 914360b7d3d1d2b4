package dev.tenzan.cuda.program;

import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCompile;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerCreate;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerDestroy;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetCompiledProgram;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetCompiledProgramSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetErrorLogSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetInfoLog;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetInfoLogSize;
import static jcuda.nvptxcompiler.JNvPTXCompiler.nvPTXCompilerGetVersion;
import static jcuda.nvptxcompiler.JNvPTXCompiler.setExceptionsEnabled;

import dev.tenzan.cuda.driver.DriverError;
import dev.tenzan.cuda.driver.ErrorCodes;
import dev.tenzan.cuda.driver.JCudaFiles;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;

/**
 * NVIDIA's PTX compiler, which comes with JCuda and needs neither a driver nor a device. It has the version of JCuda, and knows no
 * architecture that is younger.
 *
 * <p>The first use loads a native library; where it is not there the JVM throws a {@link LinkageError}.
 */
public final class Assembler {
  /** The architectures that it assembles for. */
  public static final Set<String> ARCHITECTURES = Set.of("sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90");

  static {
    JCudaFiles.provide("JNvPTXCompiler");
    setExceptionsEnabled(false);
  }

  private Assembler() {}

  /**
   * A module made for one architecture.
   *
   * @param binary what a driver loads
   * @param log what the assembler said of each kernel: registers, memory
   */
  public record Assembled(byte[] binary, String log) {}

  /** Its version, such as 12.6 or rather 8.5: it counts as PTX does. */
  public static String version() {
    int[] major = new int[1];
    int[] minor = new int[1];
    check(nvPTXCompilerGetVersion(major, minor), "nvPTXCompilerGetVersion", "");
    return major[0] + "." + minor[0];
  }

  /**
   * Assembles a module.
   *
   * @param architecture one of {@link #ARCHITECTURES}, or what a source says instead ({@link KernelSource#target})
   * @throws DriverError with the assembler's log where it refuses the text
   */
  public static Assembled assemble(KernelSource source, String architecture) {
    byte[] text = source.bytes();
    nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
    byte[] terminated = Arrays.copyOf(text, text.length + 1);
    check(nvPTXCompilerCreate(handle, terminated.length, terminated), "nvPTXCompilerCreate", "");
    try {
      String[] options = {"--gpu-name=" + architecture, "--verbose"};
      int code = nvPTXCompilerCompile(handle, options.length, options);
      check(code, "nvPTXCompilerCompile", code == 0 ? "" : errorLog(handle));
      long[] size = new long[1];
      check(nvPTXCompilerGetCompiledProgramSize(handle, size), "nvPTXCompilerGetCompiledProgramSize", "");
      byte[] binary = new byte[Math.toIntExact(size[0])];
      check(nvPTXCompilerGetCompiledProgram(handle, binary), "nvPTXCompilerGetCompiledProgram", "");
      return new Assembled(binary, infoLog(handle));
    } finally {
      nvPTXCompilerDestroy(handle);
    }
  }

  private static String errorLog(nvPTXCompilerHandle handle) {
    long[] size = new long[1];
    nvPTXCompilerGetErrorLogSize(handle, size);
    byte[] log = new byte[Math.toIntExact(size[0] + 1)];
    nvPTXCompilerGetErrorLog(handle, log);
    return text(log);
  }

  private static String infoLog(nvPTXCompilerHandle handle) {
    long[] size = new long[1];
    check(nvPTXCompilerGetInfoLogSize(handle, size), "nvPTXCompilerGetInfoLogSize", "");
    byte[] log = new byte[Math.toIntExact(size[0] + 1)];
    check(nvPTXCompilerGetInfoLog(handle, log), "nvPTXCompilerGetInfoLog", "");
    return text(log);
  }

  private static String text(byte[] zeroTerminated) {
    int length = 0;
    while (length < zeroTerminated.length && zeroTerminated[length] != 0) {
      length++;
    }
    return new String(zeroTerminated, 0, length, StandardCharsets.UTF_8).strip();
  }

  private static void check(int code, String call, String log) {
    if (code != 0) {
      throw new DriverError(call, ErrorCodes.INVALID_PTX, log.isEmpty() ? "the PTX compiler's code is " + code : log);
    }
  }
}
