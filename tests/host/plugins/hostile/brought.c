int brought_answer(void);

int brought_answer(void) {
  return 42;
}
