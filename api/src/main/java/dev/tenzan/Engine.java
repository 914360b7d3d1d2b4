package dev.tenzan;

import dev.tenzan.error.ClosedException;
import dev.tenzan.error.DeviceException;
import dev.tenzan.error.DeviceMemoryException;
import dev.tenzan.error.ShapeException;
import dev.tenzan.error.UnsupportedKernelException;
import dev.tenzan.ir.Node;
import dev.tenzan.ir.Op;
import dev.tenzan.kernel.CustomKernel;
import dev.tenzan.schedule.AttentionRuns;
import dev.tenzan.schedule.Graph;
import dev.tenzan.schedule.Program;
import dev.tenzan.schedule.RowRuns;
import dev.tenzan.schedule.Scheduler;
import dev.tenzan.spi.Backend;
import dev.tenzan.spi.Buffer;
import dev.tenzan.spi.Executable;
import dev.tenzan.spi.Replay;
import dev.tenzan.spi.RunExecutable;
import dev.tenzan.spi.Support;
import dev.tenzan.type.DType;
import dev.tenzan.type.Layout;
import dev.tenzan.type.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates graphs on one device: captures the graph, finds or schedules its program, and launches it. Programs are cached by
 * structure, least recently used ones dropped first.
 */
final class Engine {
  private static final int CACHED_PROGRAMS = 512;

  /** Deeper graphs are evaluated when they are built: scheduling stays linear and memory bounded. */
  private static final int DEPTH_LIMIT = 1000;

  /** Below this many live bytes the garbage collector is left alone. */
  private static final long COLLECT_ABOVE = 1L << 30;

  /** Programs of fewer launches are not worth repeating at once. */
  private static final int REPLAYED = 4;

  static final ScopedValue<Boolean> TRACING = ScopedValue.newInstance();

  private final Device device;
  private final ReentrantLock lock = new ReentrantLock();

  private long collectAbove = COLLECT_ABOVE;

  /** So many bytes may be allocated before it is worth asking how many are live; changed under the lock. */
  private long room;

  private final Map<Graph, Compiled> programs =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Graph, Compiled> eldest) {
          return size() > CACHED_PROGRAMS;
        }
      };

  /** Programs of small graphs, found sooner; used under the lock. */
  private final KnownGraphs small = new KnownGraphs();

  /**
   * A program made ready for the device.
   *
   * @param program the plan
   * @param launches what is launched, in order
   * @param lastUse for each of the program's own buffers, the launch after which it is dead; -1 for outputs
   * @param replay runs all launches, or null where they are made one by one
   */
  record Compiled(Program program, List<Launch> launches, int[] lastUse, @Nullable Replay replay) {}

  /**
   * Steps of a program that are launched at once.
   *
   * @param buffers the numbers of the program's buffers that it is given
   * @param custom whether it is a user's code, which is called once
   */
  private record Launch(RunExecutable code, List<Integer> buffers, boolean custom) {}

  Engine(Device device) {
    this.device = device;
  }

  private static Layout layoutOf(Node.Value value) {
    return ((Storage.View) value).layout();
  }

  /** Evaluates nodes; those that are evaluated already stay as they are. */
  void evaluate(List<Node> nodes) {
    List<Node> pending = pending(nodes);
    if (pending.isEmpty()) {
      return;
    }
    lock.lock();
    try {
      KnownGraphs.Walk walk = KnownGraphs.Walk.of(pending);
      Compiled known = walk == null ? null : small.find(walk);
      List<Storage.View> results = walk == null || known == null ? runCaptured(pending, walk) : run(known, walk.leaves());
      for (int i = 0; i < pending.size(); i++) {
        Node n = pending.get(i);
        if (n.value() == null) {
          n.resolve(results.get(i));
        } else {
          results.get(i).release();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Finds or makes the program of the graph behind some nodes, and runs it; called under the lock. */
  private List<Storage.View> runCaptured(List<Node> nodes, KnownGraphs.@Nullable Walk walk) {
    Graph.Capture capture = Graph.capture(nodes, Engine::layoutOf);
    Compiled compiled = compileLocked(capture.graph());
    if (walk != null) {
      small.keep(walk, capture, compiled);
    }
    List<Storage> leaves = new ArrayList<>(capture.leaves().size());
    for (Node.Value value : capture.values()) {
      leaves.add(storage(value));
    }
    return run(compiled, leaves);
  }

  /** The nodes that have no value yet, each once. Called for every small operation, so the common case is a short way. */
  private static List<Node> pending(List<Node> nodes) {
    if (nodes.size() == 1) {
      return nodes.getFirst().value() == null ? nodes : List.of();
    }
    return nodes.stream().filter(n -> n.value() == null).distinct().toList();
  }

  static Storage storage(Node.@Nullable Value value) {
    if (value == null) {
      throw new DeviceException(
          "compile: the traced function reads the elements of its arguments; a compiled function may only build operations");
    }
    return ((Storage.View) value).storage();
  }

  /** Does something while nothing is evaluated on the device. */
  <T> T alone(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      lock.unlock();
    }
  }

  /** The program of a graph, from the cache where it was run before. */
  Compiled compile(Graph graph) {
    return alone(() -> compileLocked(graph));
  }

  /** The same, called under the lock. */
  private Compiled compileLocked(Graph graph) {
    Compiled known = programs.get(graph);
    if (known != null) {
      return known;
    }
    Program program = Scheduler.schedule(graph);
    for (Program.Step step : program.steps()) {
      Support support = device.supports(step.kernel());
      if (!support.supported()) {
        throw new UnsupportedKernelException(
            step.kernel().name() + ": " + step.kernel().inputs() + " to " + step.kernel().outputs()
                + " is not supported on " + device + ": " + support.reason() + "; run it on another device with to(device)");
      }
    }
    List<Launch> launches = launches(program);
    Replay replay = launches.size() < REPLAYED ? null : device.backend().replay(device.index());
    Compiled compiled = new Compiled(program, launches, program.lastUses(launches.stream().map(Launch::buffers).toList()), replay);
    programs.put(graph, compiled);
    return compiled;
  }

  private List<Launch> launches(Program scheduled) {
    Backend backend = device.backend();
    AttentionRuns attention = AttentionRuns.of(scheduled);
    Program program = attention.program();
    RowRuns rows = new RowRuns(program);
    List<Launch> launches = new ArrayList<>();
    for (int s = 0; s < program.steps().size(); ) {
      AttentionRuns.Found found = attention.at(s);
      RunExecutable attended = found == null ? null : backend.compile(device.index(), found.run());
      if (found != null && attended != null) {
        launches.add(new Launch(attended, found.buffers(), false));
        s += found.steps();
        continue;
      }
      RowRuns.Piece piece = rows.from(s);
      RunExecutable together = piece.run() == null ? null : backend.compile(device.index(), piece.run());
      if (together == null) {
        for (Program.Step step : program.steps().subList(s, s + piece.steps())) {
          Executable executable = backend.compile(device.index(), step.kernel());
          launches.add(new Launch(buffers -> backend.launch(executable, buffers), step.buffers(), step.kernel() instanceof CustomKernel));
        }
      } else {
        launches.add(new Launch(together, piece.buffers(), false));
      }
      s += piece.steps();
    }
    return List.copyOf(launches);
  }

  /** Allocates, launches and frees in order. */
  private void launch(Compiled compiled, List<Storage> leaves, @Nullable Buffer[] own) {
    Program program = compiled.program();
    Backend backend = device.backend();
    for (int s = 0; s < compiled.launches().size(); s++) {
      Launch launch = compiled.launches().get(s);
      List<Buffer> buffers = new ArrayList<>(launch.buffers().size());
      for (int b : launch.buffers()) {
        buffers.add(b < program.leaves() ? leaves.get(b).buffer() : own(own, b - program.leaves(), program));
      }
      launch(launch, buffers);
      for (int i = 0; i < own.length; i++) {
        Buffer dead = own[i];
        if (compiled.lastUse()[i] == s && dead != null) {
          backend.free(dead);
          own[i] = null;
        }
      }
    }
  }

  /** Launches, once more where there was no memory for what a kernel needs besides: forgotten tensors may hold it. */
  private void launch(Launch launch, List<Buffer> buffers) {
    try {
      launch.code().launch(buffers);
    } catch (DeviceMemoryException e) {
      if (launch.custom()) {
        throw e;
      }
      collect();
      launch.code().launch(buffers);
    }
  }

  /**
   * Launches a program. The memory of the leaves is held meanwhile, whoever closes their tensors.
   *
   * @param leaves the storages of the leaves, which results that are views share
   * @throws ClosedException where one was freed before
   */
  List<Storage.View> run(Compiled compiled, List<Storage> leaves) {
    int held = 0;
    try {
      for (Storage leaf : leaves) {
        if (!leaf.claim()) {
          throw new ClosedException("eval: an operand was closed before it was used; keep it open until the result is evaluated");
        }
        held++;
      }
      return runHeld(compiled, leaves);
    } finally {
      for (int i = 0; i < held; i++) {
        leaves.get(i).unclaim();
      }
    }
  }

  private List<Storage.View> runHeld(Compiled compiled, List<Storage> leaves) {
    Program program = compiled.program();
    Backend backend = device.backend();
    @Nullable Buffer[] own = new Buffer[program.bytes().size()];
    try {
      Replay replay = compiled.replay();
      if (replay == null) {
        launch(compiled, leaves, own);
      } else {
        lock.lock(); // as evaluations do: the device locks itself for the replay, in which memory may be asked for
        try {
          replay.run(() -> launch(compiled, leaves, own));
        } finally {
          lock.unlock();
        }
      }
      return results(program, own, leaves);
    } catch (RuntimeException | Error e) {
      for (Buffer b : own) {
        if (b != null) {
          backend.free(b);
        }
      }
      throw e;
    }
  }

  private Buffer own(@Nullable Buffer[] own, int i, Program program) {
    Buffer b = own[i];
    if (b == null) {
      b = allocate(program.bytes().get(i));
      own[i] = b;
    }
    return b;
  }

  private List<Storage.View> results(Program program, @Nullable Buffer[] own, List<Storage> leaves) {
    @Nullable Storage[] made = new Storage[own.length];
    List<Storage.View> results = new ArrayList<>(program.outputs().size());
    for (Program.Placed p : program.outputs()) {
      if (p.buffer() < program.leaves()) {
        results.add(leaves.get(p.buffer()).view(p.layout()));
        continue;
      }
      int i = p.buffer() - program.leaves();
      Storage storage = made[i];
      if (storage == null) {
        Storage.View first = Storage.first(device.backend(), own(own, i, program), p.layout());
        made[i] = first.storage();
        own[i] = null;
        results.add(first);
      } else {
        results.add(storage.view(p.layout()));
      }
    }
    return results;
  }

  /**
   * Allocates a buffer. Forgotten tensors hold memory until they are collected, and the collector does not see it; so where much
   * is live, or memory runs out, it is started.
   */
  private Buffer allocate(long bytes) {
    Backend backend = device.backend();
    makeRoom(bytes);
    try {
      return backend.allocate(device.index(), bytes);
    } catch (DeviceMemoryException e) {
      collect();
      return backend.allocate(device.index(), bytes);
    }
  }

  /** Collects where twice as much is live as after the last time, and a certain amount at least. */
  private void makeRoom(long bytes) {
    // Evaluations hold the lock, and taking it once more costs as much as the first time.
    if (lock.isHeldByCurrentThread()) {
      makeRoomLocked(bytes);
      return;
    }
    lock.lock();
    try {
      makeRoomLocked(bytes);
    } finally {
      lock.unlock();
    }
  }

  private void makeRoomLocked(long bytes) {
    room -= bytes;
    if (room >= 0) {
      return;
    }
    long live = device.memory().liveBytes();
    if (live + bytes > collectAbove) {
      collect();
      live = device.memory().liveBytes();
      collectAbove = Math.max(COLLECT_ABOVE, 2 * (live + bytes));
    }
    room = collectAbove - live - bytes;
  }

  /** Collects, and gives the cleaner a moment to free what was found. */
  private void collect() {
    long before = device.memory().liveBytes();
    System.gc();
    for (int i = 0; i < 20; i++) {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      long now = device.memory().liveBytes();
      if (now == before && i > 2) {
        return;
      }
      before = now;
    }
  }

  /** Evaluates a node whose graph has grown too deep. */
  void limit(Node node) {
    if (node.depth() > DEPTH_LIMIT && !TRACING.isBound()) {
      evaluate(List.of(node));
    }
  }

  /** A node that holds a copy of host data: dense, row-major. */
  Node upload(DType dtype, Shape shape, MemorySegment source) {
    long bytes = Math.multiplyExact(shape.size(), (long) dtype.byteSize());
    if (source.byteSize() < bytes) {
      throw new ShapeException(
          "of: shape " + shape + " of " + dtype + " needs " + bytes + " bytes, the source has " + source.byteSize());
    }
    return filled(dtype, shape, buffer -> device.backend().copyIn(source.asSlice(0, bytes), buffer, 0));
  }

  /** A node that holds a copy of a node of another device of the same backend, which need not pass through the host. */
  Node receive(Node node, Engine source) {
    return filled(
        node.dtype(), node.shape(),
        buffer -> source.read(node, (from, offset, bytes) -> device.backend().copy(from, offset, buffer, 0, bytes)));
  }

  /** A node of new memory, dense and row-major, which is given back where it cannot be filled. */
  private Node filled(DType dtype, Shape shape, Consumer<Buffer> fill) {
    Buffer buffer = allocate(Math.multiplyExact(shape.size(), (long) dtype.byteSize()));
    try {
      fill.accept(buffer);
    } catch (RuntimeException | Error e) {
      device.backend().free(buffer);
      throw e;
    }
    return Node.ofValue(dtype, shape, Storage.first(device.backend(), buffer, Layout.rowMajor(shape)));
  }

  /** Evaluates a node and copies its elements, dense and row-major, to host memory. */
  void download(Node node, MemorySegment target) {
    read(node, (from, offset, bytes) -> device.backend().copyOut(from, offset, target.asSlice(0, bytes)));
  }

  /** Takes the elements of a node, which lie dense and row-major in a buffer. */
  private interface Reader {
    void read(Buffer buffer, long byteOffset, long bytes);
  }

  /** Evaluates a node and hands its elements on; a node without elements has nothing to hand on. */
  private void read(Node node, Reader reader) {
    evaluate(List.of(node));
    Node.Value value = node.value();
    if (!(value instanceof Storage.View view)) {
      throw new IllegalStateException("evaluated node without a value");
    }
    long bytes = Math.multiplyExact(node.shape().size(), (long) node.dtype().byteSize());
    if (bytes == 0) {
      return;
    }
    if (view.layout().isContiguous()) {
      if (!view.storage().claim()) {
        throw new ClosedException("read: the tensor's memory was freed; read it before it is closed");
      }
      try {
        reader.read(view.storage().buffer(), view.layout().offset() * node.dtype().byteSize(), bytes);
      } finally {
        view.storage().unclaim();
      }
      return;
    }
    Node dense = Node.of(new Op.Pad(zeros(node), zeros(node), zeros(node), 0), node);
    dense.retain();
    try {
      read(dense, reader);
    } finally {
      dense.release();
    }
  }

  private static List<Long> zeros(Node node) {
    return Collections.nCopies(node.shape().rank(), 0L);
  }
}
