package dev.tenzan.cuda.sim;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A kernel or device function as it is written; a function that is only declared has no body. */
record Function(
    int line, String name, boolean entry, List<Statement> results, List<Statement> parameters, int[] required, int[] maximum,
    @Nullable List<Statement> body) {}
