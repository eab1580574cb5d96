(** A doubtful word turns no decision on. *)

From Coq Require Import List NArith Bool Lia.
Import ListNotations.
Require Import Fold Readings.
Local Open Scope N_scope.

(** * What is certain, where less is known of what went back *)

(** The same statement, of which nobody knows any more how much went back. *)
Definition worse (s s' : StatedAmount) := s' = s \/
  gone s' = None /\ in_parts s' = true /\ amount s' = amount s /\ open s' = open s /\ by_payer s' = by_payer s /\ named s' = named s.

Lemma worse_amount s s' : worse s s' -> amount s' = amount s.
Proof. intros [->|H]; [auto|tauto]. Qed.
Lemma worse_named s s' : worse s s' -> named s' = named s.
Proof. intros [->|H]; [auto|tauto]. Qed.
Lemma worse_open s s' : worse s s' -> open s' = open s.
Proof. intros [->|H]; [auto|tauto]. Qed.
Lemma worse_payer s s' : worse s s' -> by_payer s' = by_payer s.
Proof. intros [->|H]; [auto|tauto]. Qed.

Lemma worse_own l l' s s' : Forall2 worse l l' -> worse s s' -> is_own l' s' = is_own l s.
Proof.
  intros W Ws. unfold is_own. rewrite (worse_amount _ _ Ws), (worse_open _ _ Ws), (worse_payer _ _ Ws).
  do 2 f_equal. assert (E : forall f, (forall a b, worse a b -> f b = f a) -> @most_of StatedAmount f l' = most_of f l).
  { intros f H. clear Ws. induction W as [|a b l l' Wa W IH]; simpl; [auto|]. rewrite IH, (H _ _ Wa). auto. }
  rewrite E; auto. intros a b H. rewrite (worse_amount _ _ H), (worse_open _ _ H), (worse_payer _ _ H). auto.
Qed.

Lemma filter_worse p q l l' : (forall a b, worse a b -> q b = p a) -> Forall2 worse l l' -> Forall2 worse (filter p l) (filter q l').
Proof. intros H. induction 1 as [|a b l l' W Ws IH]; simpl; [auto|]. rewrite (H _ _ W). destruct (p a); auto. Qed.

Lemma worse_sum l l' : Forall2 worse l l' -> sum amount l' = sum amount l.
Proof. induction 1 as [|a b l l' W Ws IH]; simpl; [auto|]. rewrite IH, (worse_amount _ _ W). auto. Qed.
Lemma worse_most l l' : Forall2 worse l l' -> most amount l' = most amount l.
Proof. induction 1 as [|a b l l' W Ws IH]; simpl; [auto|]. rewrite IH, (worse_amount _ _ W). auto. Qed.
Lemma same_length l l' : Forall2 worse l l' -> length l = length l'.
Proof. induction 1; simpl; auto. Qed.
Lemma plus_none a : plus a None = None.
Proof. destruct a; auto. Qed.
Lemma worse_gone l l' : Forall2 worse l l' -> total gone l' = None \/ l' = l.
Proof.
  induction 1 as [|a b l l' W Ws IH]; simpl; [auto|]. destruct IH as [IH|IH]; [rewrite IH, plus_none; auto|].
  destruct W as [->|(G & _)]; [right; congruence | left; rewrite G; auto].
Qed.
Lemma worse_left l l' : Forall2 worse l l' -> sum left_of l' <= sum left_of l.
Proof.
  induction 1 as [|a b l l' W Ws IH]; simpl; [lia|]. assert (left_of b <= left_of a); [|lia].
  destruct W as [->|(G & _)]; [lia|]. unfold left_of at 1. rewrite G. simpl. lia.
Qed.
Lemma left_sum l : sum left_of l <= sum amount l.
Proof. induction l as [|a l IH]; simpl; [lia|]. unfold left_of at 1. destruct (gone a); simpl; lia. Qed.

(** [distinct], by what the four kinds of names come to. *)
Definition has_of (A : Called -> N) (G : Called -> option N) c := (0 <? A c) || is_positive (G c).
Definition by_one_of (A : Called -> N) (G : Called -> option N) (L : Called -> N) :=
  if has_of A G Id && has_of A G Place then less (N.max (A Id) (A Place)) (plus (G Id) (G Place)) else L Id + L Place.
Definition distinct_of A G L all :=
  if negb (has_of A G Payment) then L Both + by_one_of A G L
  else if negb (has_of A G Both || has_of A G Id || has_of A G Place) then L Payment
  else less (N.max (A Payment) (A Both + N.max (A Id) (A Place))) all.
Lemma distinct_is l : distinct l = distinct_of (fun c => sum amount (named_so c l)) (fun c => total gone (named_so c l))
  (fun c => sum left_of (named_so c l)) (total gone l).
Proof. reflexivity. Qed.

Lemma distinct_of_less A G G' L L' all :
  (forall c, G' c = None \/ G' c = G c /\ L' c = L c) -> (forall c, L' c <= L c) -> (forall c, L c <= A c) ->
  less (A Id) (G Id) <= L Id -> less (A Place) (G Place) <= L Place ->
  distinct_of A G' L' None <= distinct_of A G L all.
Proof.
  intros D Le U BI BP.
  assert (more : forall c, has_of A G' c = false -> has_of A G c = false).
  { unfold has_of. intros c H. apply orb_false_iff in H. destruct H as [-> H]. simpl.
    destruct (D c) as [X|[X _]]; rewrite X in H; [discriminate | auto]. }
  assert (zero : forall c, has_of A G c = false -> L c = 0).
  { unfold has_of. intros c H. apply orb_false_iff in H. destruct H as [H _]. apply N.ltb_ge in H. specialize (U c). lia. }
  assert (LI := Le Id). assert (LP := Le Place).
  assert (one : by_one_of A G' L' <= by_one_of A G L).
  { unfold by_one_of. destruct (has_of A G' Id) eqn:I', (has_of A G' Place) eqn:P';
      try rewrite (more _ I'); try rewrite (more _ P'); simpl; rewrite ?andb_false_r; try lia.
    - destruct (D Id) as [E|[E _]]; [rewrite E; simpl; lia|]. destruct (D Place) as [F|[F _]]; [rewrite F, plus_none; simpl; lia|].
      assert (has_of A G Id = true) as -> by (unfold has_of in *; rewrite <- E; auto).
      assert (has_of A G Place = true) as -> by (unfold has_of in *; rewrite <- F; auto). rewrite E, F. simpl. lia. }
  unfold distinct_of. destruct (has_of A G' Payment) eqn:P'; simpl.
  - destruct (has_of A G' Both || _ || _) eqn:O; simpl; [lia|].
    apply orb_false_iff in O. destruct O as [O Pl]. apply orb_false_iff in O. destruct O as [Bo Ido].
    rewrite (more _ Pl), (more _ Bo), (more _ Ido). simpl. specialize (Le Payment).
    destruct (has_of A G Payment) eqn:HP; simpl; [lia|]. rewrite (zero _ HP) in Le. lia.
  - rewrite (more _ P'). simpl. specialize (Le Both). lia.
Qed.

Lemma distinct_worse l l' : Forall2 worse l l' -> distinct l' <= distinct l.
Proof.
  intro W. destruct (worse_gone _ _ W) as [None'|E]; [|subst; lia].
  assert (C : forall c, Forall2 worse (named_so c l) (named_so c l')).
  { intro c. apply filter_worse; auto. intros a b H. rewrite (worse_named _ _ H). auto. }
  rewrite !distinct_is, None'.
  assert (E : forall G L all, distinct_of (fun c => sum amount (named_so c l')) G L all
    = distinct_of (fun c => sum amount (named_so c l)) G L all).
  { intros. unfold distinct_of, by_one_of, has_of. rewrite !(fun c => worse_sum _ _ (C c)). auto. }
  rewrite E. apply distinct_of_less.
  - intro c. destruct (worse_gone _ _ (C c)) as [H|H]; [auto|]. rewrite H. auto.
  - intro c. apply worse_left, C.
  - intro c. apply left_sum.
  - apply less_sum.
  - apply less_sum.
Qed.

(** One kind of name tells all shares apart. *)
Lemma distinct_one l c : (forall s, In s l -> named s = c) -> distinct l = sum left_of l.
Proof.
  intro H. assert (F : forall d, named_so d l = if is_called c d then l else []).
  { intro d. induction l as [|s l IH]; simpl; [destruct (is_called c d); auto|].
    rewrite IH by (intros; apply H; right; auto). rewrite (H s (or_introl eq_refl)). destruct (is_called c d); auto. }
  assert (Z : (0 <? sum amount l) || is_positive (total gone l) = false -> sum left_of l = 0).
  { intro E. apply orb_false_iff in E. destruct E as [E _]. apply N.ltb_ge in E. assert (X := left_sum l). lia. }
  rewrite distinct_is. unfold distinct_of, by_one_of, has_of. rewrite !F.
  destruct c; simpl; destruct ((0 <? sum amount l) || is_positive (total gone l)) eqn:E; simpl; try rewrite (Z eq_refl); lia.
Qed.

Section Worse.
Variables (own own' : StatedAmount -> bool) (apart : bool) (x x' : StatedAmount).
Hypothesis same_own : forall s s', worse s s' -> own' s' = own s.
Hypothesis x_worse : worse x x'.
Let beside s := own s && negb (may_be_within apart x s).
Let beside' s := own' s && negb (may_be_within apart x' s).
Let same s := negb (own s) && (amount s =? amount x) && negb (may_be_within apart x s).
Let same' s := negb (own' s) && (amount s =? amount x') && negb (may_be_within apart x' s).

Lemma within_x s : may_be_within apart x' s = may_be_within apart x s.
Proof. unfold may_be_within. rewrite (worse_amount _ _ x_worse), (worse_payer _ _ x_worse). auto. Qed.

Lemma parts_worse l l' : Forall2 worse l l' -> 0 < amount x ->
  total (may_be_missing apart x') (filter (fun s => negb (beside' s)) l') = None
  \/ total (may_be_missing apart x') (filter (fun s => negb (beside' s)) l')
      = total (may_be_missing apart x) (filter (fun s => negb (beside s)) l)
     /\ sum amount (filter same' l') = sum amount (filter same l)
     /\ sum left_of (filter beside' l') <= sum left_of (filter beside l).
Proof.
  intros W P. assert (M : forall s, may_be_missing apart x' s = may_be_missing apart x s)
    by (intro s; unfold may_be_missing; rewrite (worse_amount _ _ x_worse); auto).
  induction W as [|s s' l l' Ws W IH]; simpl; [right; repeat split; lia|].
  assert (O := same_own _ _ Ws). destruct Ws as [->|(G & Pa & A & Op & Py & Na)].
  - assert (beside' s = beside s) as -> by (unfold beside', beside; rewrite O, within_x; auto).
    assert (same' s = same s) as -> by (unfold same', same; rewrite O, within_x, (worse_amount _ _ x_worse); auto).
    destruct (beside s), (same s); simpl; rewrite ?M; destruct IH as [IH|(I1 & I2 & I3)];
      rewrite ?IH, ?plus_none, ?I1, ?I2; auto; right; repeat split; lia.
  - assert (Wi : may_be_within apart x' s' = negb (is_payer (by_payer x) Voucher && is_payer (by_payer s) Complement)).
    { rewrite within_x. unfold may_be_within, left_of. rewrite G, Pa, Py. simpl.
      assert (0 <? amount x = true) as -> by (apply N.ltb_lt; auto). rewrite !orb_true_r. simpl. rewrite andb_true_r. auto. }
    assert (Ms : may_be_missing apart x' s' = None) by (unfold may_be_missing; rewrite G, Pa; simpl; rewrite andb_false_r; auto).
    destruct (beside' s') eqn:B; simpl; [|left; rewrite Ms; auto].
    assert (B' := B). unfold beside' in B. rewrite Wi, negb_involutive in B. apply andb_prop in B. destruct B as [Ow La].
    assert (Wx : may_be_within apart x s = false) by (unfold may_be_within; rewrite La; auto).
    assert (beside s = true) as -> by (unfold beside; rewrite <- O, Ow, Wx; auto).
    assert (same' s' = false) as -> by (unfold same'; rewrite Ow; auto).
    assert (same s = false) as -> by (unfold same; rewrite <- O, Ow; auto). simpl.
    destruct IH as [IH|(I1 & I2 & I3)]; [auto|]. right. repeat split; auto.
    assert (left_of s' = 0) as -> by (unfold left_of; rewrite G; auto). lia.
Qed.
End Worse.

Lemma filter_sum_le {A} (f : A -> N) (p q : A -> bool) l : (forall s, p s = true -> q s = true) -> sum f (filter p l) <= sum f (filter q l).
Proof.
  intro H. induction l as [|s l IH]; simpl; [lia|]. destruct (p s) eqn:P; [rewrite (H _ P); simpl; lia|].
  destruct (q s); simpl; lia.
Qed.

Lemma zeros l : (forall s, In s l -> amount s = 0) -> sum amount l = 0.
Proof.
  induction l as [|s l IH]; simpl; intro H; [auto|]. rewrite (H s (or_introl eq_refl)), IH; auto.
Qed.

Lemma by_total_worse apart l l' x x' c : Forall2 worse l l' -> worse x x' -> (forall s, In s l -> named s = c) ->
  by_total apart l' x' <= N.max (by_total apart l x) (distinct (filter (is_own l) l)).
Proof.
  intros W Wx One. assert (Own := fun s s' => worse_own l l' s s' W).
  assert (One' : forall s, In s l' -> named s = c).
  { clear -W One. induction W as [|a b l l' Wa W IH]; simpl; [tauto|]. intros s [<-|I].
    - rewrite (worse_named _ _ Wa). apply One. left. auto.
    - apply IH; auto. intros. apply One. right. auto. }
  assert (sub : forall p s, In s (filter p l') -> named s = c) by (intros p s I; apply filter_In in I; apply One', I).
  assert (sub0 : forall p s, In s (filter p l) -> named s = c) by (intros p s I; apply filter_In in I; apply One, I).
  assert (least : sum left_of (filter (fun s => is_own l' s && negb (may_be_within apart x' s)) l') <= distinct (filter (is_own l) l)).
  { assert (D := distinct_worse _ _ (filter_worse (is_own l) (is_own l') l l' Own W)).
    rewrite (distinct_one (filter (is_own l') l') c (sub _)) in D.
    etransitivity; [|apply D]. apply filter_sum_le. intros s H. apply andb_prop in H. tauto. }
  unfold by_total. rewrite (distinct_one _ c (sub _)), (distinct_one _ c (sub0 _)).
  destruct (N.eq_dec (amount x) 0) as [Z|Z].
  - assert (amount x' = 0) as Z' by (rewrite (worse_amount _ _ Wx); auto).
    match goal with |- less ?a ?g + _ <= _ => assert (X : less a g = 0) end; [|lia].
    destruct (apart && _); [|destruct (total _ _); simpl; lia].
    rewrite zeros; [destruct (total _ _); reflexivity|].
    intros s I. apply filter_In in I. destruct I as [_ I]. apply andb_prop in I. destruct I as [I _]. apply andb_prop in I.
    destruct I as [_ I]. apply N.eqb_eq in I. congruence.
  - destruct (parts_worse (is_own l) (is_own l') apart x x' Own Wx l l' W ltac:(lia)) as [N|(T & S & B)].
    + rewrite N. simpl less. lia.
    + rewrite T. rewrite !filter_twice; [rewrite S, (worse_amount _ _ Wx); lia | |];
        intros s H; destruct (is_own _ s); [discriminate | auto | discriminate | auto].
Qed.

Lemma certain_worse apart l l' : Forall2 worse l l' -> certain apart l' <= certain apart l.
Proof.
  intro W. unfold certain. assert (Own := fun s s' => worse_own l l' s s' W).
  assert (To := filter_worse (fun s => negb (is_own l s)) (fun s => negb (is_own l' s)) l l'
    (fun a b H => f_equal negb (Own a b H)) W).
  assert (Ow := distinct_worse _ _ (filter_worse (is_own l) (is_own l') l l' Own W)).
  set (two l := match l with [] => false | first :: _ => existsb (fun s => negb (is_called (named s) (named first))) l end).
  assert (Two : two l' = two l).
  { unfold two. destruct W as [|a b r r' Wa W]; [auto|]. rewrite (worse_named _ _ Wa). simpl. rewrite (worse_named _ _ Wa). f_equal.
    clear -W. induction W as [|u v r r' Wu W IH]; simpl; [auto|]. rewrite IH, (worse_named _ _ Wu). auto. }
  fold (two l) (two l'). rewrite Two. rewrite <- (same_length _ _ To).
  destruct (two l) eqn:T; simpl.
  - destruct (length _) eqn:Len; simpl.
    + destruct To; [|discriminate]. simpl. lia.
    + rewrite (worse_most _ _ W). destruct (worse_gone _ _ W) as [E|E]; rewrite E; simpl; lia.
  - assert (One : exists c, forall s, In s l -> named s = c).
    { destruct l as [|first r]; [exists Both; simpl; tauto|]. exists (named first). intros s I.
      destruct (is_called (named s) (named first)) eqn:E; [apply is_called_eq, E|].
      assert (X : two (first :: r) = true) by (apply existsb_exists; exists s; rewrite E; auto). congruence. }
    destruct One as [c One]. apply N.max_lub; [|lia].
    assert (B := by_total_worse apart l l'). clear T Two two.
    assert (G : forall p p', Forall2 worse p p' -> most (by_total apart l') p' <= N.max (most (by_total apart l) p) (distinct (filter (is_own l) l))).
    { induction 1 as [|a b p p' Wa Wp IH]; simpl; [lia|]. specialize (B a b c W Wa One). lia. }
    apply G, To.
Qed.

(** * Doubtful facts *)

Definition is_doubtful told := 2 <= place told.

Lemma best_known known told : is_doubtful told -> place (best known told) = place known \/ 2 <= place known /\ 2 <= place (best known told).
Proof. unfold is_doubtful, best. intro D. destruct (place known <=? place told) eqn:E; [auto|]. apply N.leb_gt in E. lia. Qed.

Lemma standing_told f told : place (standing f told) = place told \/ place told <= 2 /\ place (standing f told) = 2.
Proof.
  destruct f as [s|]; simpl; [|auto]. destruct (doubt s); [|auto]. unfold worst. simpl. destruct (place told <=? 2) eqn:E; [|auto].
  apply N.leb_le in E. auto.
Qed.

Lemma standing_same f a b : place a = place b -> place (standing f a) = place (standing f b).
Proof. destruct a, b; simpl; intro; try discriminate; auto. Qed.

Lemma admitted_add f told facts lowest : is_doubtful told -> place lowest <= 1 -> admitted (add f told facts) lowest = admitted facts lowest.
Proof.
  unfold admitted. intros D L. assert (no : forall g s, 2 <= place s -> place (standing g s) <=? place lowest = false).
  { intros g s H. apply N.leb_gt. destruct (standing_told g s); lia. }
  induction facts as [|[g known] facts IH]; simpl; [rewrite no; auto|].
  destruct (lex (key f) (key g)); simpl; [|rewrite (no f told D); auto|].
  - destruct (best_known known told D) as [E|[E1 E2]].
    + rewrite (standing_same g _ _ E). destruct (_ <=? _); auto.
    + rewrite !no; auto.
  - destruct (place (standing g known) <=? place lowest); simpl; rewrite IH; auto.
Qed.

Lemma void_add f told facts shares : is_doubtful told -> incl (void_of facts shares) (void_of (add f told facts) shares).
Proof.
  intro D. unfold void_of. induction facts as [|[g known] facts IH]; simpl; [intros v []|].
  destruct (lex (key f) (key g)); simpl.
  - apply incl_app; [|apply incl_appr, incl_refl]. apply incl_appl. destruct g as [s|]; [|intros v []].
    destruct (is_kind (kind s) Credit); [|intros v []].
    match goal with |- incl (if ?b && _ then _ else _) (if ?b' && _ then _ else _) =>
      destruct b eqn:E; [replace b' with true; [apply incl_refl|] | intros v []] end.
    symmetry. apply N.eqb_eq. apply N.eqb_eq in E. destruct (best_known known told D) as [X|[X Y]].
    + rewrite <- E. apply (standing_same (Share s) _ _ X).
    + assert (K : place known = 2) by (clear -E X; destruct known; simpl in *; destruct (doubt s); simpl in *; lia).
      unfold is_doubtful in D. destruct known, told; simpl in *; try lia; auto.
  - apply incl_appr, incl_refl.
  - apply incl_app; [apply incl_appl, incl_refl | apply incl_appr, IH].
Qed.

(** A tally in which more is void. *)
Definition voider t v := {| facts := facts t; shares := shares t; registered := registered t; void := v |}.

Lemma void_more t v d : incl (void t) v -> is_void t d = true -> is_void (voider t v) d = true.
Proof.
  unfold is_void. intros I H. apply orb_true_iff in H. apply orb_true_iff. destruct H as [H|H]; [left|right; auto].
  apply existsb_exists in H. destruct H as (n & Hn & H). apply existsb_exists. exists n. split; [apply I, Hn | auto].
Qed.

Lemma total_void {A} (f g : A -> option N) :
  (forall d, f d = None \/ f d = g d) -> forall ds, total f ds = None \/ total f ds = total g ds.
Proof.
  intros V ds. induction ds as [|d ds IH]; simpl; [auto|].
  destruct (V d) as [E|E]; rewrite E; [left; auto|]. destruct IH as [IH|IH]; rewrite IH; [left; destruct (g d); auto | auto].
Qed.

Lemma complete_less on t v : incl (void t) v -> complete on (voider t v) = true -> complete on t = true.
Proof.
  intros I. unfold complete, is_covered. change (only_due (voider t v)) with (only_due t).
  destruct (only_due t) as [[c due]|]; auto. intro H. apply N.leb_le in H. apply N.leb_le.
  etransitivity; [apply H|]. unfold net. change (given_back_of_unknown (voider t v) c) with (given_back_of_unknown t c).
  apply less_le. unfold cover. change (debits (voider t v) c) with (debits t c).
  change (is_known_whole (voider t v)) with (is_known_whole t).
  assert (same : forall d, left on (voider t v) d = left on t d \/ is_void (voider t v) d = true).
  { intro d. unfold left, gone_of. change (came_back_in_parts (voider t v) d) with (came_back_in_parts t d).
    change (given_back_of (voider t v) d) with (given_back_of t d).
    destruct (is_void t d) eqn:E; [rewrite (void_more _ _ _ I E); auto|].
    destruct (is_void (voider t v) d); auto. }
  assert (each : forall ds, Forall2 worse (map (left on t) ds) (map (left on (voider t v)) ds)).
  { induction ds as [|d ds IH]; simpl; constructor; auto.
    destruct (same d) as [->|E]; [left; auto|]. unfold left, gone_of. simpl. rewrite E.
    destruct (is_void t d); [left; auto | right; repeat split; auto]. }
  assert (P : forall ds, sum (fun d => most_left (left on t d)) ds <= sum (fun d => most_left (left on (voider t v) d)) ds).
  { induction ds as [|d ds IH]; simpl; [lia|].
    assert (most_left (left on t d) <= most_left (left on (voider t v) d)); [|lia].
    destruct (same d) as [->|E]; [lia|].
    assert (gone (left on (voider t v) d) = None) as V by (unfold left, gone_of; simpl; rewrite E; auto).
    assert (amount (left on t d) = amount (left on (voider t v) d)) as A by reflexivity.
    unfold most_left, left_of, less. rewrite V, A. destruct (gone (left on t d)); lia. }
  assert (O : forall ds, existsb open (map (left on (voider t v)) ds) = existsb open (map (left on t) ds))
    by (induction ds as [|d ds IH]; simpl; [auto|]; rewrite IH; reflexivity).
  assert (V : forall d, gone (left on (voider t v) d) = None \/ gone (left on (voider t v) d) = gone (left on t d))
    by (intro d; destruct (same d) as [E|E]; [rewrite E; auto | left; unfold left, gone_of; simpl; rewrite E; auto]).
  assert (G := total_void _ _ V).
  rewrite O. set (parts := filter _ _). set (wholes := filter _ _).
  assert (C := certain_worse true _ _ (each (debits t c))). assert (D := distinct_worse _ _ (each wholes)). specialize (P parts).
  apply N.max_le_compat; [lia|]. destruct (existsb open _); [lia|].
  destruct (G parts) as [E|E]; rewrite E; [simpl; lia | apply less_le, D].
Qed.

(** What contradicts itself or can be read in two ways releases nothing that was held. *)
Theorem doubt_releases_nothing f told facts registered policy :
  is_doubtful told ->
  releasable (add f told facts) registered policy = true -> releasable facts registered policy = true.
Proof.
  intro D. assert (one : forall on lowest, place lowest <= 1 -> complete on (tally_of (add f told facts) registered lowest) = true ->
    complete on (tally_of facts registered lowest) = true).
  { intros on lowest L. unfold tally_of. rewrite (admitted_add _ _ _ _ D L).
    set (shares := join _ _). apply (complete_less on {| facts := admitted facts lowest; shares := shares;
      registered := registered; void := void_of facts shares |}). apply void_add, D. }
  unfold releasable, decisive, sound. intro H. apply andb_prop in H. destruct H as [S H].
  rewrite (one _ Sound ltac:(simpl; lia) S). simpl. destruct (ask policy); (apply one; [simpl; lia | apply H]).
Qed.

(** And what was told of any number of them. *)
Theorem doubts_release_nothing told more registered policy :
  (forall t, In t more -> is_doubtful (snd t)) ->
  releasable (facts_of (more ++ told)) registered policy = true -> releasable (facts_of told) registered policy = true.
Proof.
  induction more as [|t more IH]; simpl; intros D H; [auto|].
  apply IH; [intros; apply D; auto|]. apply (doubt_releases_nothing (fst t) (snd t)); auto.
Qed.
