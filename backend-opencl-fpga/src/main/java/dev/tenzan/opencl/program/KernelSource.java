package dev.tenzan.opencl.program;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program in OpenCL C. A plain value: equal sources are the same program, and {@link #hash} names it where there is no compiler.
 *
 * @param code the text
 * @param options what the compiler is told
 */
public record KernelSource(String code, String options) {
  /** OpenCL 1.2, and division and square root rounded to nearest even, no warnings; contraction is switched off in the text. */
  public static final String OPTIONS = "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt -w";

  private static final Pattern ENTRY = Pattern.compile("__kernel[^\\n]*? void (tz_[a-z_0-9]+)\\(");
  /** The kernels of a text that are all named. */
  private static final int MOST_NAMES = 8;

  private static final Pattern DTYPE = Pattern.compile("#define (?:IN_T|T) tz_t_([a-z0-9]+)");

  /** A program with the options that reproducible bits need. */
  public KernelSource(String code) {
    this(code, OPTIONS);
  }

  /** The SHA-256 of options and text in hexadecimal. */
  public String hash() {
    return sha256(options + "\n" + code);
  }

  /** The kernels in it, for people: {@code tz_map}, or {@code tz_scan_blocks+tz_scan_carry.f32}; not unique. */
  public String name() {
    Set<String> entries = new LinkedHashSet<>();
    Matcher m = ENTRY.matcher(code);
    while (m.find()) {
      entries.add(m.group(1));
    }
    Matcher dtype = DTYPE.matcher(code);
    if (entries.size() > MOST_NAMES) {
      return entries.iterator().next() + " and " + (entries.size() - 1) + " others";
    }
    return (entries.isEmpty() ? "program" : String.join("+", entries)) + (dtype.find() ? "." + dtype.group(1) : "");
  }

  static String sha256(String text) {
    return sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The SHA-256 of bytes in hexadecimal. */
  public static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
