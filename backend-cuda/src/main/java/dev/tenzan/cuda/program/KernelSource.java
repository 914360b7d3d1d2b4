package dev.tenzan.cuda.program;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Kernels in PTX. A plain value: equal texts are the same kernels.
 *
 * @param code the text of a module
 */
public record KernelSource(String code) {
  private static final Pattern ALONE = Pattern.compile("(?m)^\\.target (sm_\\d+a)$");

  /**
   * The architecture to assemble it for where the device has {@code architecture}: the same, or that one alone whose features it uses
   * ({@code sm_90a}).
   */
  public String target(String architecture) {
    Matcher m = ALONE.matcher(code);
    return m.find() ? m.group(1) : architecture;
  }

  /** The SHA-256 of the text in hexadecimal. */
  public String hash() {
    return sha256(code);
  }

  /** The text as the driver and the assembler take it. */
  public byte[] bytes() {
    return code.getBytes(StandardCharsets.US_ASCII);
  }

  /** The SHA-256 of a text in hexadecimal. */
  public static String sha256(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
