package dev.tenzan.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Which package may use which, over the class files of every module.
 *
 * <p>A layer is one package with all below it, save the root {@code dev.tenzan}, which is that package alone.
 * A new package under {@code dev.tenzan} fails {@link #everyPackageHasALayer} until it has a line in
 * {@link #LAYERS}.
 */
class LayeringTest {
  private static final String ROOT = "dev.tenzan";

  /** Every layer and the layers that it may use besides itself. */
  private static final Map<String, Set<String>> LAYERS = layers();

  /** The conformance kit, the benchmarks and these tests: they may use everything. */
  private static final Set<String> UNRESTRICTED = Set.of("conformance", "bench", "arch");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_PACKAGE_INFOS)
          .importPackages(ROOT);

  private static Map<String, Set<String>> layers() {
    Map<String, Set<String>> layers = new LinkedHashMap<>();
    layers.put("error", Set.of());
    layers.put("type", Set.of("error"));
    layers.put("scalar", Set.of("error", "type"));
    layers.put("ir", Set.of("error", "type", "scalar"));
    layers.put("kernel", Set.of("error", "type", "scalar", "ir"));
    layers.put("spi", Set.of("error", "type", "scalar", "ir", "kernel"));
    layers.put("schedule", Set.of("error", "type", "scalar", "ir", "kernel", "spi"));
    layers.put("reference", Set.of("error", "type", "scalar", "ir", "kernel", "spi"));
    layers.put("", Set.of("error", "type", "scalar", "ir", "kernel", "spi", "schedule"));
    layers.put("io", Set.of("error", "type", "scalar", "ir", ""));
    Set<String> backend = Set.of("error", "type", "scalar", "ir", "kernel", "spi");
    layers.put("cpu", backend);
    layers.put("cuda", backend);
    layers.put("opencl", backend);
    layers.put("nn", Set.of("error", "type", "scalar", "ir", "io", ""));
    return layers;
  }

  /** The layer of a class: the first package name under the root, empty for the root itself. */
  private static String layerOf(JavaClass type) {
    String name = type.getPackageName();
    if (name.equals(ROOT)) {
      return "";
    }
    String below = name.substring(ROOT.length() + 1);
    int dot = below.indexOf('.');
    return dot < 0 ? below : below.substring(0, dot);
  }

  private static boolean isOurs(JavaClass type) {
    String name = type.getPackageName();
    return name.equals(ROOT) || name.startsWith(ROOT + ".");
  }

  private static DescribedPredicate<JavaClass> inLayer(String layer) {
    return DescribedPredicate.describe(
        "in layer " + title(layer), type -> isOurs(type) && layerOf(type).equals(layer));
  }

  private static String title(String layer) {
    return layer.isEmpty() ? ROOT : ROOT + "." + layer;
  }

  /** Tests are compiled into the same packages; only what is shipped has layers. */
  private static JavaClasses shipped() {
    return CLASSES.that(
        DescribedPredicate.describe("shipped", type -> !UNRESTRICTED.contains(layerOf(type))));
  }

  @Test
  void classesWereImported() {
    assertFalse(shipped().isEmpty(), "no class of " + ROOT + " on the class path: the rules checked nothing");
  }

  @Test
  void everyPackageHasALayer() {
    Set<String> unknown = new TreeSet<>();
    for (JavaClass type : shipped()) {
      if (!LAYERS.containsKey(layerOf(type))) {
        unknown.add(type.getPackageName());
      }
    }
    assertEquals(Set.of(), unknown, "packages without a line in LAYERS");
  }

  @TestFactory
  Stream<DynamicTest> layersUseOnlyWhatTheyMay() {
    return LAYERS.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(title(e.getKey()), () -> check(e.getKey(), e.getValue())));
  }

  private static void check(String layer, Set<String> allowed) {
    List<String> names = allowed.stream().map(LayeringTest::title).sorted().toList();
    DescribedPredicate<JavaClass> permitted =
        DescribedPredicate.describe(
            "outside " + ROOT + ", in the same layer or in " + names,
            type -> !isOurs(type) || layerOf(type).equals(layer) || allowed.contains(layerOf(type)));
    ArchRule rule = classes().that(inLayer(layer)).should().onlyDependOnClassesThat(permitted);
    rule.allowEmptyShould(true).check(shipped());
  }

  @Test
  void oneOptionalPackageUsesAparapi() {
    String only = "dev.tenzan.opencl.aparapi";
    DescribedPredicate<JavaClass> elsewhere =
        DescribedPredicate.describe(
            "outside " + only, type -> isOurs(type) && !type.getPackageName().equals(only));
    DescribedPredicate<JavaClass> optional =
        DescribedPredicate.describe(
            "in " + only + " or of Aparapi",
            type -> type.getPackageName().equals(only) || type.getPackageName().startsWith("com.aparapi"));
    noClasses().that(elsewhere).should().dependOnClassesThat(optional).check(shipped());
    long users = shipped().stream().filter(type -> type.getPackageName().equals(only)).count();
    assertFalse(users == 0, "no class of " + only + " on the class path: the rule checked nothing");
  }

  @Test
  void theApiUsesNothingButTheJdk() {
    Set<String> api =
        Set.of("error", "type", "scalar", "ir", "kernel", "spi", "schedule", "reference", "", "io");
    noClasses()
        .that(DescribedPredicate.describe("in the api", type -> api.contains(layerOf(type))))
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "outside the JDK, JSpecify and " + ROOT,
                type ->
                    !isOurs(type)
                        && !type.getPackageName().isEmpty()
                        && !type.getPackageName().startsWith("java")
                        && !type.getPackageName().startsWith("org.jspecify")))
        .allowEmptyShould(true)
        .check(shipped());
  }
}
