package dev.tenzan.opencl.bundle;

import dev.tenzan.opencl.program.KernelSource;
import dev.tenzan.opencl.program.Texts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What one binary is built of: one source as it is, or several as one text.
 *
 * <p>An FPGA holds one binary at a time, and loading another costs far more than most kernels run, so the kernels of a program belong in
 * one. Offline compilers also take a second or more to start, whatever they compile. Texts are joined behind one prelude: kernels and
 * functions get a suffix that is their source's own, macros end where their source ends.
 *
 * @param source the text
 * @param members the hashes of the sources in it
 */
public record Part(KernelSource source, List<String> members) {
  /** The sources that one binary holds at most, where nobody says otherwise. */
  public static final int MOST = 64;

  private static final int SUFFIX_DIGITS = 16;

  /** What a source defines for all of the text behind it. */
  private static final Pattern FUNCTION =
      Pattern.compile("(?m)(?: void|^static inline \\w+) (tz_[a-z_0-9]+)\\(|^PACK\\((tz_[a-z_0-9]+),");

  private static final Pattern MACRO = Pattern.compile("(?m)^ *# *define +([A-Za-z_][A-Za-z_0-9]*)");

  /** Copies the list. */
  public Part {
    members = List.copyOf(members);
  }

  /** The name of its files. */
  public String name() {
    return source.hash();
  }

  /** What the names of a member's kernels end in, behind those of its own text. */
  public String suffix(String member) {
    return members.size() == 1 ? "" : suffixOf(member);
  }

  private static String suffixOf(String hash) {
    return "_" + hash.substring(0, SUFFIX_DIGITS);
  }

  /**
   * Divides sources into parts, in the order of the map.
   *
   * @param sources the sources by hash
   * @param most the sources of a part, at least 1
   */
  public static List<Part> of(Map<String, KernelSource> sources, int most) {
    Map<String, Map<String, KernelSource>> open = new LinkedHashMap<>();
    List<Part> parts = new ArrayList<>();
    sources.forEach(
        (hash, source) -> {
          if (most == 1 || prelude(source) == null) {
            parts.add(new Part(source, List.of(hash)));
            return;
          }
          Map<String, KernelSource> group = open.computeIfAbsent(source.options(), _ -> new LinkedHashMap<>());
          group.put(hash, source);
          if (group.size() == most) {
            parts.add(join(open.remove(source.options())));
          }
        });
    open.values().forEach(group -> parts.add(join(group)));
    return parts;
  }

  /** The prelude that a source begins with, or null: then it is no text of this backend, and stays alone. */
  private static @Nullable String prelude(KernelSource source) {
    for (boolean doubles : new boolean[] {false, true}) {
      String p = Texts.prelude(doubles);
      if (source.code().startsWith(p)) {
        return p;
      }
    }
    return null;
  }

  private static Part join(Map<String, KernelSource> group) {
    KernelSource first = group.values().iterator().next();
    if (group.size() == 1) {
      return new Part(first, List.copyOf(group.keySet()));
    }
    String doubles = Texts.prelude(true);
    boolean any = group.values().stream().anyMatch(s -> s.code().startsWith(doubles));
    StringBuilder text = new StringBuilder(Texts.prelude(any));
    group.forEach(
        (hash, source) -> {
          String body = source.code().substring(Texts.prelude(source.code().startsWith(doubles)).length());
          text.append("\n// ").append(hash).append('\n').append(renamed(body, suffixOf(hash)));
          macros(body).forEach(m -> text.append("#undef ").append(m).append('\n'));
        });
    return new Part(new KernelSource(text.toString(), first.options()), List.copyOf(group.keySet()));
  }

  private static String renamed(String body, String suffix) {
    Set<String> names = new LinkedHashSet<>();
    Matcher m = FUNCTION.matcher(body);
    while (m.find()) {
      names.add(m.group(1) == null ? m.group(2) : m.group(1));
    }
    String text = body.endsWith("\n") ? body : body + "\n";
    return names.isEmpty() ? text : text.replaceAll("\\b(" + String.join("|", names) + ")\\b", "$1" + suffix);
  }

  private static Set<String> macros(String body) {
    Set<String> names = new LinkedHashSet<>();
    Matcher m = MACRO.matcher(body);
    while (m.find()) {
      names.add(m.group(1));
    }
    return names;
  }
}
