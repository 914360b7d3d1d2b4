package dev.tenzan.opencl.bundle;

import dev.tenzan.error.DeviceException;
import dev.tenzan.error.FormatException;
import dev.tenzan.opencl.plan.Style;
import dev.tenzan.opencl.plan.Tile;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The fields of a JSON object, each checked when it is taken. */
final class Fields {
  private static final int LONGEST = 4096;

  private final String what;
  private final Map<?, ?> map;

  Fields(String what, @Nullable Object value) {
    this.what = what;
    if (!(value instanceof Map<?, ?> m)) {
      throw bad("an object expected");
    }
    this.map = m;
  }

  FormatException bad(String problem) {
    return new FormatException(what + ": " + problem + "; build the bundle again (docs/kernel-bundles.md has the schema)");
  }

  /** No other keys than these: a field that is not known may be one that must not be left out. */
  void only(Set<String> known) {
    for (Object key : map.keySet()) {
      if (!known.contains(key)) {
        throw bad("the field '" + key + "' is not known");
      }
    }
  }

  private Object value(String key) {
    Object v = map.get(key);
    if (v == null) {
      throw bad("the field '" + key + "' is missing");
    }
    return v;
  }

  void header(String schema, long version) {
    if (!text("schema").equals(schema)) {
      throw bad("its schema is '" + text("schema") + "', not '" + schema + "'");
    }
    if (!value("schema_version").equals(version)) {
      throw bad("its schema_version is " + value("schema_version") + "; this version of Tenzan reads " + version);
    }
  }

  String text(String key) {
    if (!(value(key) instanceof String s) || s.length() > LONGEST) {
      throw bad("'" + key + "' is no string of at most " + LONGEST + " characters");
    }
    return s;
  }

  String matching(String key, Pattern form) {
    String s = text(key);
    if (!form.matcher(s).matches()) {
      throw bad("'" + key + "' is '" + s + "', which is not of the form " + form);
    }
    return s;
  }

  long integer(String key, long least, long most) {
    if (!(value(key) instanceof Long n) || n < least || n > most) {
      throw bad("'" + key + "' is " + value(key) + ", not an integer from " + least + " to " + most);
    }
    return n;
  }

  List<?> list(String key) {
    if (!(value(key) instanceof List<?> l)) {
      throw bad("'" + key + "' is no array");
    }
    return l;
  }

  Style.Shape style(String key) {
    Fields f = new Fields(what + ": " + key, value(key));
    f.only(Set.of("kind", "vector", "argument_bytes", "pe_rows", "pe_columns", "tile"));
    Style.Kind kind = Style.Kind.of(f.text("kind"));
    if (kind == null) {
      throw f.bad("'kind' is '" + f.text("kind") + "', not cpu, gpu or fpga");
    }
    long vector = f.integer("vector", 1, 16);
    if (Long.bitCount(vector) != 1) {
      throw f.bad("'vector' is " + vector + ", not a power of two");
    }
    Style.Pe pe =
        new Style.Pe((int) f.integer("pe_rows", 1, Style.Pe.MOST), (int) f.integer("pe_columns", 1, Style.Pe.MOST));
    Tile tile;
    try {
      tile = Tile.parse(f.text("tile"));
    } catch (DeviceException e) {
      throw f.bad(String.valueOf(e.getMessage()));
    }
    return new Style.Shape(kind, (int) vector, f.integer("argument_bytes", 1, Integer.MAX_VALUE), pe, tile);
  }
}
