package dev.tenzan.opencl.program;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A program in OpenCL C. A plain value: equal sources are the same program, and {@link #hash} names it where there is no compiler.
 *
 * @param code the text
 * @param options what the compiler is told
 */
public record KernelSource(String code, String options) {
  /** OpenCL 1.2, and division and square root rounded to nearest even, no warnings; contraction is switched off in the text. */
  public static final String OPTIONS = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt -w";

  /** A program with the options that reproducible bits need. */
  public KernelSource(String code) {
    this(code, OPTIONS);
  }

  /** The SHA-256 of options and text in hexadecimal. */
  public String hash() {
    return sha256(options + "\n" + code);
  }

  static String sha256(String text) {
    return HexFormat.of().formatHex(digest().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
