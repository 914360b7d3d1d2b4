/** What a value is: element types, shapes and memory layouts, all immutable. */
@NullMarked
package dev.tenzan.type;

import org.jspecify.annotations.NullMarked;
