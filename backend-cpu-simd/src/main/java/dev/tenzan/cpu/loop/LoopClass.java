package dev.tenzan.cpu.loop;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.List;

/** Writes and loads the hidden class of one {@link LoopBody}: a static method for each pass and a switch over their numbers. */
final class LoopClass {
  private static final ClassDesc CODE = ClassDesc.of(LoopCode.class.getName());
  private static final ClassDesc SCALAR = ClassDesc.of(LoopCode.class.getPackageName() + ".Loop");

  /** Another name, so that HotSpot's options can tell the classes apart. */
  private static final ClassDesc VECTOR = ClassDesc.of(LoopCode.class.getPackageName() + ".LoopVectors");
  private static final MethodTypeDesc PASS = MethodTypeDesc.of(ConstantDescs.CD_void, PassEmitter.FRAME);

  /** One static method of the class. */
  interface Method {
    /** Emits the method's code; its parameter is the frame. */
    void emit(CodeBuilder code);
  }

  private LoopClass() {}

  /** Loads a class whose pass k is {@code methods.get(k)}. */
  static LoopCode define(List<Method> methods, boolean vectors) {
    ClassDesc self = vectors ? VECTOR : SCALAR;
    byte[] bytes = ClassFile.of().build(self, cb -> {
      cb.withSuperclass(CODE).withFlags(AccessFlag.FINAL, AccessFlag.SUPER);
      cb.withMethodBody(
          ConstantDescs.INIT_NAME,
          ConstantDescs.MTD_void,
          0,
          code -> code.aload(0).invokespecial(CODE, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void).return_());
      cb.withMethodBody(
          "run",
          MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, PassEmitter.FRAME),
          0,
          code -> dispatch(code, self, methods.size()));
      for (int k = 0; k < methods.size(); k++) {
        Method method = methods.get(k);
        cb.withMethodBody("pass" + k, PASS, ClassFile.ACC_STATIC, method::emit);
      }
    });
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup().defineHiddenClass(bytes, true);
      return (LoopCode) lookup.lookupClass().getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("loop: generated code cannot be loaded", e);
    }
  }

  private static void dispatch(CodeBuilder code, ClassDesc self, int methods) {
    Label none = code.newLabel();
    List<SwitchCase> cases = new ArrayList<>();
    for (int k = 0; k < methods; k++) {
      cases.add(SwitchCase.of(k, code.newLabel()));
    }
    if (methods == 0) { // a plan of staging steps alone
      code.return_();
      return;
    }
    code.iload(1).tableswitch(0, methods - 1, none, cases);
    for (int k = 0; k < methods; k++) {
      code.labelBinding(cases.get(k).target()).aload(2).invokestatic(self, "pass" + k, PASS).return_();
    }
    code.labelBinding(none).return_();
  }
}
