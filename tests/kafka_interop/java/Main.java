import java.nio.file.Path;

/** Main OURS SCRATCH [KEEP]: see run.sh. */
final class Main {
  public static void main(String[] arguments) throws Exception {
    Path ours = Path.of(arguments[0]);
    CheckOurs.run(ours);
    System.exit(Comparison.report() ? 0 : 1);
  }
}
