/**
 * Machine code, for what the Vector API cannot say (the dot-product instructions of x86-64, multiply-adds that read a number for all lanes
 * from memory, fetching ahead), and for what should not wait until C2 has compiled it. The code is assembled here, at run time, and called through the foreign-function interface; nothing is installed, and nothing is compiled beforehand.
 */
@NullMarked
package dev.tenzan.cpu.machine;

import org.jspecify.annotations.NullMarked;
