package dev.tenzan.cuda.vendor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tenzan.cuda.vendor.LibrarySearch.Call;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** NVIDIA's cuDNN, loaded: the functions of its graph interface, which are the same in versions 8 and 9. */
public final class DnnLibrary {
  /** The system property with the library's file; {@code off} leaves it out. */
  public static final String PROPERTY = "tenzan.cuda.cudnn";

  static final LibrarySearch<DnnLibrary> SEARCH = searchFor(List.of("libcudnn.so.9", "libcudnn.so.8", "libcudnn.so"));

  private static final class Once {
    static final Found<DnnLibrary> FOUND = SEARCH.search(System.getProperty(PROPERTY), LibrarySearch.folders());
  }

  static final int SUCCESS = 0;

  /** The longest name of a status. */
  private static final long NAME_BYTES = 256;

  private final String file;
  private final long version;
  private final Call errorString;
  final Call create;
  final Call destroy;
  final Call setStream;
  final Call make;
  final Call release;
  final Call set;
  final Call get;
  final Call complete;
  final Call execute;

  private DnnLibrary(String file, SymbolLookup symbols) {
    this.file = file;
    this.version = LibrarySearch.number(symbols, "cudnnGetVersion");
    this.errorString = Call.pointer(symbols, "cudnnGetErrorString", JAVA_INT);
    this.create = Call.of(symbols, "cudnnCreate", ADDRESS);
    this.destroy = Call.of(symbols, "cudnnDestroy", ADDRESS);
    this.setStream = Call.of(symbols, "cudnnSetStream", ADDRESS, JAVA_LONG);
    this.make = Call.of(symbols, "cudnnBackendCreateDescriptor", JAVA_INT, ADDRESS);
    this.release = Call.of(symbols, "cudnnBackendDestroyDescriptor", ADDRESS);
    this.set = Call.of(symbols, "cudnnBackendSetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
    this.get = Call.of(symbols, "cudnnBackendGetAttribute", ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    this.complete = Call.of(symbols, "cudnnBackendFinalize", ADDRESS);
    this.execute = Call.of(symbols, "cudnnBackendExecute", ADDRESS, ADDRESS, ADDRESS);
  }

  static LibrarySearch<DnnLibrary> searchFor(List<String> names) {
    return new LibrarySearch<>("cuDNN", PROPERTY, names, DnnLibrary::new, l -> "cuDNN " + l.version() + " (" + l.file + ")");
  }

  /** Looks for the library, the first time. */
  public static Found<DnnLibrary> find() {
    return Once.FOUND;
  }

  /** The library's version. */
  public String version() {
    long scale = version < 90_000 ? 1000 : 10_000; // 8907 is 8.9.7, 90501 is 9.5.1
    return version / scale + "." + version % scale / 100 + "." + version % 100;
  }

  /** The name that it was loaded by. */
  public String file() {
    return file;
  }

  /** Calls a function. */
  void checked(Call call, Object... arguments) {
    int status = call.status(arguments);
    if (status != SUCCESS) {
      throw error(call.name(), status);
    }
  }

  /** The error of a call that gave a {@code cudnnStatus_t}; their numbers differ between versions, so the library names them. */
  LibraryError error(String call, int status) {
    String name = errorString.pointer(status).reinterpret(NAME_BYTES).getString(0);
    return new LibraryError(call, status, name, SEARCH.remedy());
  }

  /** Whether a call's arguments were found to be right, but not what the library does. */
  boolean declines(int status) {
    return status != SUCCESS && errorString.pointer(status).reinterpret(NAME_BYTES).getString(0).contains("NOT_SUPPORTED");
  }
}
