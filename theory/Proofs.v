(** What holds of the model in Fold.v. Each [Theorem] is checked to rest on no axiom (.ci/theory); a [Lemma] serves one. *)

From Coq Require Import List NArith Bool Lia Permutation.
Import ListNotations.
Require Import Fold.
Local Open Scope N_scope.

(** * The order of facts *)

Lemma lex_refl a : lex a a = Eq.
Proof. induction a; simpl; [| rewrite N.compare_refl]; auto. Qed.

Lemma lex_eq a b : lex a b = Eq -> a = b.
Proof.
  revert b; induction a; destruct b; simpl; try discriminate; auto.
  destruct (N.compare_spec a n); try discriminate. intro H0. f_equal; auto.
Qed.

Lemma lex_antisym a b : lex b a = CompOpp (lex a b).
Proof.
  revert b; induction a; destruct b; simpl; auto.
  rewrite (N.compare_antisym a n). destruct (a ?= n) eqn:E; simpl; auto.
Qed.

Lemma lex_trans a b c : lex a b = Lt -> lex b c = Lt -> lex a c = Lt.
Proof.
  revert b c; induction a; destruct b, c; simpl; try discriminate; auto.
  destruct (N.compare_spec a n), (N.compare_spec n n0); try discriminate; intros H1 H2;
    destruct (N.compare_spec a n0); try lia; auto; subst; eauto.
Qed.

Lemma opt_inj a b : opt a = opt b -> a = b.
Proof. destruct a, b; simpl; intros; f_equal; lia. Qed.

Lemma key_inj f g : key f = key g -> f = g.
Proof.
  destruct f as [[]|], g as [[]|]; simpl; try discriminate; intro H; injection H; clear H; intros; subst;
    repeat match goal with H : opt _ = opt _ |- _ => apply opt_inj in H; subst end; auto.
  repeat f_equal; match goal with
    | H : kind_n ?a = kind_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : status_n ?a = status_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : payer_n ?a = payer_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : called_n ?a = called_n ?b |- ?a = ?b => destruct a, b; simpl in H; congruence
    | H : flag ?a = flag ?b |- ?a = ?b => destruct a, b; simpl in H; congruence end.
Qed.

(** * The decision is a function of the set of what was told *)

Lemma best_comm a b : best a b = best b a.
Proof. destruct a, b; reflexivity. Qed.
Lemma best_assoc a b c : best (best a b) c = best (best a c) b.
Proof. destruct a, b, c; reflexivity. Qed.

Lemma add_comm f s g t facts : add f s (add g t facts) = add g t (add f s facts).
Proof.
  assert (lt_gt : forall a b, lex a b = Lt -> lex b a = Gt) by (intros a b E; rewrite lex_antisym, E; auto).
  assert (gt_lt : forall a b, lex a b = Gt -> lex b a = Lt) by (intros a b E; rewrite lex_antisym, E; auto).
  induction facts as [|[h k] more IH]; simpl.
  - destruct (lex (key f) (key g)) eqn:E; rewrite (lex_antisym (key f)), E; simpl; auto.
    apply lex_eq, key_inj in E. subst. rewrite best_comm. auto.
  - destruct (lex (key f) (key h)) eqn:F, (lex (key g) (key h)) eqn:G; simpl.
    + rewrite F, G, best_assoc. auto.
    + apply lex_eq, key_inj in F. subst. rewrite (lt_gt _ _ G), G, lex_refl. auto.
    + rewrite F, G. auto.
    + apply lex_eq, key_inj in G. subst. rewrite F, (lt_gt _ _ F), lex_refl. auto.
    + rewrite (lex_antisym (key f)). destruct (lex (key f) (key g)) eqn:E; simpl; rewrite ?F, ?G; auto.
      apply lex_eq, key_inj in E. subst. rewrite best_comm. auto.
    + rewrite F, (lt_gt _ _ (lex_trans _ _ _ F (gt_lt _ _ G))), G. auto.
    + rewrite F, G. auto.
    + rewrite G, (lt_gt _ _ (lex_trans _ _ _ G (gt_lt _ _ F))), F. auto.
    + rewrite F, G. f_equal. apply IH.
Qed.

Lemma add_twice f s facts : add f s (add f s facts) = add f s facts.
Proof.
  assert (best s s = s /\ forall k, best (best k s) s = best k s) as [B1 B2].
  { split; [destruct s | destruct k, s]; reflexivity. }
  induction facts as [|[g k] more IH]; simpl; [| destruct (lex (key f) (key g)) eqn:E; simpl];
    rewrite ?E, ?lex_refl, ?B1, ?B2, ?IH; auto.
Qed.

Lemma told_dec (a b : Fact * Standing) : {a = b} + {a <> b}.
Proof. repeat decide equality. Qed.

(** Whatever comes of an order comes of the set of what was told: neither its order nor repeats matter. *)
Theorem facts_are_a_set told again :
  (forall t, In t told <-> In t again) -> facts_of told = facts_of again.
Proof.
  assert (once : forall t l, In t l -> facts_of (t :: l) = facts_of l).
  { intros t l. induction l as [|u l IH]; simpl; [tauto|]. intros [->|H].
    - apply add_twice.
    - rewrite add_comm. f_equal. apply IH, H. }
  assert (perm : forall a b, Permutation a b -> facts_of a = facts_of b).
  { induction 1; simpl; [auto | f_equal; auto | apply add_comm | congruence]. }
  assert (dedup : forall l, facts_of l = facts_of (nodup told_dec l)).
  { induction l as [|t l IH]; [auto|]. simpl nodup. destruct (in_dec told_dec t l) as [H|H].
    - rewrite once; auto.
    - simpl. f_equal. apply IH. }
  intro same. rewrite (dedup told), (dedup again). apply perm, NoDup_Permutation; try apply NoDup_nodup.
  intro t. rewrite !nodup_In. apply same.
Qed.

Theorem decision_is_order_free told again registered policy :
  (forall t, In t told <-> In t again) ->
  releasable (facts_of told) registered policy = releasable (facts_of again) registered policy.
Proof. intro same. rewrite (facts_are_a_set _ _ same). auto. Qed.
