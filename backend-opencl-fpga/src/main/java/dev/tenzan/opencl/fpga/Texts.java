package dev.tenzan.opencl.fpga;

import dev.tenzan.opencl.bundle.Part;

/** The texts of a project. */
final class Texts {
  private static final String HEAD =
      """
      #!/bin/sh
      # Builds every binary that is not there yet. It can be stopped and started again: a binary appears only when it is complete.
      set -eu
      cd "$(dirname "$0")/kernels/build"
      """;

  private static final String INTEL =
      """
      # Intel FPGA SDK for OpenCL. BOARD names the board of your board support package (aoc -list-boards). Not run by Tenzan's tests.
      : "${BOARD:?set BOARD to a name that aoc -list-boards shows}"
      command -v aoc >/dev/null || { echo "build: there is no aoc on the PATH" >&2; exit 2; }
      for source in *.cl; do
        name=${source%.cl}
        [ -f "$name.aocx" ] && continue
        # The options of a driver's compiler (*.options) are not those of aoc. It keeps subnormals, contracts nothing and rounds quotients
        # correctly where neither -ffp-contract=fast nor -ffast-math nor -fp-relaxed is given.
        aoc -board="$BOARD" -report -o "$name.part.aocx" "$source"
        mv "$name.part.aocx" "$name.aocx"
      done
      """;

  private static final String AMD =
      """
      # AMD Vitis. PLATFORM names the platform (platforminfo -l). Not run by Tenzan's tests.
      : "${PLATFORM:?set PLATFORM to a name that platforminfo -l shows}"
      command -v v++ >/dev/null || { echo "build: there is no v++ on the PATH" >&2; exit 2; }
      for source in *.cl; do
        name=${source%.cl}
        [ -f "$name.xclbin" ] && continue
        objects=
        for kernel in $(sed -n 's/^ *__kernel .* void \\(tz_[a-z_0-9]*\\)(.*/\\1/p; s/^PACK(\\(tz_[a-z_0-9]*\\),.*/\\1/p' "$source"); do
          # The preprocessor drops some of the kernels in the text.
          cpp -P -undef -w "$source" 2>/dev/null | grep -q "void $kernel(" || continue
          v++ -c -t hw --platform "$PLATFORM" -k "$kernel" -o "$name.$kernel.xo" "$source"
          objects="$objects $name.$kernel.xo"
        done
        # shellcheck disable=SC2086 # a list of files without blanks
        v++ -l -t hw --platform "$PLATFORM" -o "$name.part.xclbin" $objects
        mv "$name.part.xclbin" "$name.xclbin"
      done
      """;

  private static final String POCL =
      """
      # PoCL's offline compiler (Debian: libpocl-dev).
      command -v poclcc >/dev/null || { echo "build: there is no poclcc on the PATH; install it (Debian: libpocl-dev)" >&2; exit 2; }
      for source in *.cl; do
        name=${source%.cl}
        [ -f "$name.poclbin" ] && continue
        poclcc -b "$(cat "$name.options")" -o "$name.part" "$source"
        mv "$name.part" "$name.poclbin"
      done
      """;

  private Texts() {}

  static String script(Toolchain toolchain) {
    return HEAD
        + switch (toolchain) {
          case INTEL -> INTEL;
          case AMD -> AMD;
          case POCL -> POCL;
        };
  }

  static String readme(String program, Toolchain toolchain, String pe, Project project, int most) {
    String set = switch (toolchain) {
      case INTEL -> "BOARD=... ";
      case AMD -> "PLATFORM=... ";
      case POCL -> "";
    };
    String pack = switch (toolchain) {
      case INTEL, AMD -> " --board NAME --toolchain 'COMPILER AND VERSION'";
      case POCL -> "";
    };
    return """
        # The program `%1$s` for %2$s

        `kernels/` holds the %3$d OpenCL sources that `%1$s` launches, each named by its hash; `kernels.tsv` lists them. They are single
        work-item kernels: the compiler makes pipelines of their loops. Matrix products run on a systolic array of %4$s elements.

        ```sh
        %5$s./build.sh
        tenzan fpga pack kernels --target %2$s --out bundle%6$s%8$s
        TENZAN_JAVA_OPTS='-Dtenzan.opencl.compiler=off -Dtenzan.opencl.bundles=bundle' tenzan fpga run %1$s --device opencl:0
        tenzan fpga run %1$s --device cpu      # prints the same hash
        ```

        A text must not be changed: its hash is the name under which the program asks for it.

        **Padding.** The array works on whole tiles. The kernels that pack the operands fill the last tile of rows and columns with zeros,
        and the array writes only what lies inside the result; so the host pads nothing, and buffers keep their sizes. k is not padded:
        a product with zero would turn a chain that is -0 into +0.

        **Binaries.** `kernels/build/` holds the %9$d texts to build, each of up to %10$d sources: a board that holds one configuration at a
        time is configured again between kernels of different binaries, which costs far more than most kernels run. Where the kernels
        of a text do not fit on the board together, export again with a smaller `--join`.

        **Where it ran.** %7$s

        `resources.md` estimates what the arrays cost.
        """
        .formatted(
            program, toolchain, project.sources(), pe, set, pack,
            toolchain == Toolchain.POCL
                ? "PoCL on a processor; Tenzan's tests build, pack and run this project. No FPGA board has run it."
                : "Nowhere yet: neither this script nor these kernels have met " + (toolchain == Toolchain.INTEL ? "aoc" : "v++")
                    + " or a board.",
            most == Part.MOST ? "" : " --join " + most, project.binaries(), most);
  }
}
