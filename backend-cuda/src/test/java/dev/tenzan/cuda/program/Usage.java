package dev.tenzan.cuda.program;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the assembler says that a kernel takes. */
record Usage(int registers, int spillBytes, int sharedBytes) {
  private static final Pattern ENTRY = Pattern.compile("Compiling entry function '(\\w+)'");
  private static final Pattern SPILL = Pattern.compile("(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern USED = Pattern.compile("Used (\\d+) registers");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  /** Assembles a module; gives what each of its kernels takes. */
  static Map<String, Usage> of(KernelSource source, String architecture) {
    Map<String, Usage> all = new LinkedHashMap<>();
    String entry = "";
    int spill = -1;
    for (String line : Assembler.assemble(source, architecture).log().split("\n")) {
      Matcher m = ENTRY.matcher(line);
      if (m.find()) {
        entry = m.group(1);
      }
      Matcher s = SPILL.matcher(line);
      if (s.find()) {
        spill = Integer.parseInt(s.group(1)) + Integer.parseInt(s.group(2)) + Integer.parseInt(s.group(3));
      }
      Matcher u = USED.matcher(line);
      if (u.find()) {
        Matcher shared = SHARED.matcher(line);
        all.put(entry, new Usage(Integer.parseInt(u.group(1)), spill, shared.find() ? Integer.parseInt(shared.group(1)) : 0));
        spill = -1;
      }
    }
    if (all.isEmpty()) {
      throw new IllegalStateException("the assembler names no kernel of\n" + source.code());
    }
    return all;
  }
}
